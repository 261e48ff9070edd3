"use strict";
// Without this the page says the same: code is opened one by one, and what is folded is not printed.
const codes = document.querySelectorAll("details.code");
const button = document.getElementById("code");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const opening = button.textContent === "Open all code";
    codes.forEach((code) => { code.open = opening; });
    button.textContent = opening ? "Close all code" : "Open all code";
  });
}
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not(.code):not([open])")];
  opened.forEach((part) => { part.open = true; });
});
window.addEventListener("afterprint", () => { opened.forEach((part) => { part.open = false; }); });
