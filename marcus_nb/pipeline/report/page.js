"use strict";
// Without this the page says the same: code is opened one by one, and what is folded is not printed. Long lists (files
// with their hashes, parameters at their defaults) are for looking up and stay folded on paper.
const codes = document.querySelectorAll("details.code");
const button = document.getElementById("code");
if (button) {
  button.hidden = false;
  let opening = true;
  button.addEventListener("click", () => {
    codes.forEach((code) => { code.open = opening; });
    opening = !opening;
    [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
  });
}
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not(.code):not(.list):not([open])")];
  opened.forEach((part) => { part.open = true; });
});
window.addEventListener("afterprint", () => { opened.forEach((part) => { part.open = false; }); });
