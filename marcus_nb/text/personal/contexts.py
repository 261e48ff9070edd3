"""The words before a number that say what it is: "tel." and "mobile" a phone, "order no." anything else."""

import re

REACH = 48  # characters before a number in which its words stand
_FILLER = (
    r"(?:numbers?|numero|número|num|núm|nummer|no|nr|nº|n°|n|is|are|was|es|son|era|ist|est|sind|at|al|on|in|me|us|my|mi"
    r"|the|el|la|le|il|o|a|to|de|del|of|for|para|your|su|tu|our|or|und|y|e|è|é|és|please|again|contact|contacto"
    r"|with|con"
    r"|móvil|mobile|personal|work|home|it|this|following|siguiente|code|código)"
)
_BETWEEN = rf"(?:[\s:.,=#º°()'\"-]{{0,4}}+{_FILLER}(?!\w)){{0,4}}[\s:.=#º°()'\"-]{{0,4}}+\Z"
_PHONE = re.compile(
    r"(?<!\w)(?:(?:tele)?phones?|tel[eé]fonos?|t[eé]l|telf|tlf|tlfno|tfno|tfn|tf|ph|mobiles?|mob|m[oó]vil(?:es)?|cell"
    r"|cellphone|cel|celular|call|called|ring|dial|text|sms|whatsapp|wasap|wsp|fax|ll[aá]m[aoe]\w{0,5}|llamar\w{0,4}"
    r"|t[eé]l[eé]phones?|portable|appel\w{0,4}|telefon\w{0,8}|handy\w{0,8}|rufnummer|mobil\w{0,8}|cellulare|telefono"
    r"|chiam\w{0,6}|telefone|telem[oó]vel|tel[eè]fon|m[oò]bil|truc\w{0,4})(?!\w)" + _BETWEEN,
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"(?:(?<!\w)(?:orders?|pedidos?|ref|refs|reference|referencia|réf|référence|ticket|tiquet|incident|incidencia"
    r"|invoices?|facturas?|facture|fattura|fatura|case|caso|expediente|id|ids|identifier|accounts?|acct|cuenta|compte"
    r"|konto|conto|conta|tracking|seguimiento|suivi|isbn|ean|upc|gtin|asin|sku|serial|serie|série|s/n|policy|p[oó]liza"
    r"|bookings?|reservas?|reservations?|réservation|localizador|parts?|items?|art[ií]culos?|article|albar[aá]n"
    r"|commande"
    r"|ordine|encomenda|comanda|imei|iccid|vin|version|versión|build|barcode|coupon|cup[oó]n|voucher|customer|client"
    r"|cliente|kunde|member|membership|socio|lote|batch|lot|model|modelo|matr[ií]cula|licen[cs]e|contract|contrato"
    r"|contrat|transaction|transacci[oó]n|operaci[oó]n|auftrag|bestellung|rechnung|vorgang|sendung|shipment|env[ií]o"
    r"|parcel|paquete|package|dossier|swift|bic|meter|contador|cups|presupuestos?|pressupost|justificantes?"
    r"|justificant|resguardo|recibos?|rebut|nrc|csv|autorizaci[oó]n"
    r"|transferencias?|historias?(?: cl[ií]nica)?|historial|expedient|barras|registro|solicitud|cuotas?|plazos|remesa"
    r"|asiento|siniestro|parte|protocolo|folio|garant[ií]a|bastidor|devoluci[oó]n|rma|quotes?|receipts?|claims?|permit"
    r"|docket|job|statement|mandate|chassis|frame|sample|devis|re[cç]u|sinistre|angebot|beleg|quittung|preventivo"
    r"|ricevuta|pratica|or[cç]amento|recibo|processo|c[oó]digos?|codes?|piezas?|filtros?|recambios?|repuestos?"
    r"|t[oó]ner|cartuchos?|cif|vat|iva|tva|product|producto|catalogue|isan)"
    r"|\w{3,20}(?<!telefon)(?<!handy)(?<!ruf)(?<!mobil)(?<!mobilfunk)nummer|#)" + _BETWEEN,
    re.IGNORECASE,
)


def says_phone(before: str) -> bool:
    """Whether the text before a number calls it a phone: "my mobile number is "."""
    return bool(_PHONE.search(before))


def says_other(before: str) -> bool:
    """Whether the text before a number calls it an order, an invoice, a ticket: "pedido nº "."""
    return bool(_OTHER.search(before))


def before(text: str, start: int) -> str:
    """The words before a place."""
    return text[max(0, start - REACH) : start]
