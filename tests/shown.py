"""What a browser and a terminal show of a block, and texts that must not break it."""

from html.parser import HTMLParser

HOSTILE = "<script>alert(1)</script> <img src=x onerror='y'> & \"quoted\" 'single' </td></table> &lt;b&gt;"
PERSONAL = "Ask tom@example.com or 07700 900123."
BOTH = f"{HOSTILE} {PERSONAL}"
TAGS = {"div", "span", "small", "br", "strong", "p", "details", "summary", "ol", "li"}
TAGS |= {"table", "caption", "thead", "tbody", "tr", "th", "td"}


class Seen(HTMLParser):
    """The tags, the attributes and the text that a browser would see."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.open, self.text = set(), set(), [], ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def assert_harmless(block):
    """Only tags and styles of ours, all of them closed; nothing that loads, runs or leads elsewhere."""
    seen = Seen(block.markup)
    assert seen.tags <= TAGS, seen.tags - TAGS
    assert seen.attributes <= {"style", "open", "cellpadding"}  # an unfolded <details>; room where a page gives none
    assert seen.open == []
    assert "http" not in block.markup and "url(" not in block.markup
    for shown in (seen.text, block.plain):
        assert "tom@example.com" not in shown and "900123" not in shown
    assert not any(f"<{tag}" in block.plain for tag in TAGS)
    return seen
