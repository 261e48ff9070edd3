"""What postal addresses of every country are made of: words with a capital, towns, postcodes."""

W = r"[^\W\d_][\w'’.-]{0,30}+"
CAP = r"(?:[A-ZÀ-ÖØ-Þ](?:[^\W\d_]|['’-]){0,30}+(?!\w))"
SMALL = r"(?:de las|de los|de la|dels?|de|del|la|las|los|el|les?|du|des|da|do|dos|das|di|della|dei|y|i|e|d['’]|l['’])"
TOWN = rf"{CAP}(?:[ -](?:{SMALL}[ \t]?){{0,2}}{CAP}){{0,3}}"
# A town in lower case must end the line or the sentence: "28004 madrid".
_ANY_TOWN = rf"(?:{TOWN}|[a-zà-ÿ]{{3,20}}(?=\s*+(?:\Z|[\n.,;!?)])))"
POSTCODE_TOWN = (
    rf"(?:(?:,? ?[ \n]?| - )(?:C\.?P\.? ?)?(?:[A-Z]{{1,2}}-)?\d{{4,5}}(?:-\d{{3}})?(?!\d)(?:,? (?:- )?{_ANY_TOWN})?(?:"
    rf" ?\({TOWN}\))?)"
)
COMMA_TOWN = rf"(?:, {TOWN}(?: ?\({TOWN}\))?)"
