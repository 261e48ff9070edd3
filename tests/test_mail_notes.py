"""Legal notes at the end of e-mails go, in seven languages; what people write about law and printing stays."""

import pytest

from marcus_nb.text.mail_disclaimers import without_disclaimer

NOTES = [
    "This e-mail and any attachments are confidential and intended solely for the use of the individual to whom it is "
    "addressed. If you have received this email in error please notify the sender and delete it.",
    "This e-mail and any attachments are confidential and intended solely for\nthe use of the individual or entity to "
    "whom they are addressed. If you\nhave received this email in error please notify the system manager.",
    "CONFIDENTIALITY NOTICE: The contents of this email message and any attachments are intended solely for the "
    "addressee(s) and may contain confidential and/or privileged information and may be legally protected.",
    "DISCLAIMER\nThe information in this message is confidential. Any unauthorised copying or disclosure "
    "is prohibited.",
    "*****\nThis message is intended only for the named recipient. If you are not the intended recipient "
    "you are notified "
    "that disclosing, copying or distributing is strictly prohibited.\n*****",
    "If you are not the intended recipient, please notify us and delete this confidential message.",
    "Este mensaje y sus archivos adjuntos son confidenciales y van dirigidos exclusivamente a su "
    "destinatario. Si lo ha "
    "recibido por error, le rogamos nos lo comunique y lo elimine.",
    "AVISO LEGAL: Este mensaje contiene información confidencial destinada exclusivamente a su "
    "destinatario. Si usted no es "
    "el destinatario queda notificado de que la utilización, divulgación o copia está prohibida.",
    "En cumplimiento del RGPD (UE) 2016/679 y la LOPDGDD 3/2018 le informamos de que sus datos son "
    "tratados por Barcos con "
    "la finalidad de gestionar la relación. Puede ejercer sus derechos de acceso y supresión en info@x.example.",
    "De conformidad con lo dispuesto en la Ley Orgánica 15/1999, de Protección de Datos, le informamos "
    "que sus datos forman "
    "parte de un fichero. Puede ejercitar los derechos de acceso, rectificación, cancelación y oposición.",
    "Le informamos que los datos personales serán tratados conforme al Reglamento (UE) 2016/679.\n\nEste correo es "
    "confidencial y está dirigido exclusivamente a su destinatario; si lo recibe por error, bórrelo.",
    "Antes de imprimir este mensaje, piense en el medio ambiente.",
    "P Antes de imprimir este e-mail piense bien si es necesario hacerlo: El medioambiente es cosa de todos.",
    "Please consider the environment before printing this email.",
    "🌳 Please consider the environment before printing this e-mail",
    "Think before you print. Save the environment.",
    "Ce message et toutes les pièces jointes sont confidentiels et établis à l'intention exclusive de "
    "ses destinataires. "
    "Toute utilisation ou diffusion non autorisée est interdite.",
    "Pensez à l'environnement avant d'imprimer ce message.",
    "Diese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der "
    "richtige Adressat "
    "sind oder diese E-Mail irrtümlich erhalten haben, informieren Sie bitte den Absender und vernichten "
    "Sie diese Mail.",
    "Bitte denken Sie an die Umwelt, bevor Sie diese E-Mail drucken.",
    "Questo messaggio e i suoi allegati sono riservati e destinati esclusivamente ai destinatari indicati. Se lo avete "
    "ricevuto per errore, vi preghiamo di cancellarlo.",
    "Prima di stampare, pensa all'ambiente.",
    "Esta mensagem e os seus anexos são confidenciais e destinam-se exclusivamente ao destinatário. Se a recebeu por "
    "engano, por favor elimine-a.",
    "Aquest missatge i els seus fitxers adjunts són confidencials i van adreçats exclusivament al "
    "destinatari. Si l'heu "
    "rebut per error, us preguem que l'esborreu.",
    "Abans d'imprimir aquest missatge, penseu si és necessari.",
    "AVÍS LEGAL: Aquest missatge i els fitxers adjunts són confidencials i van dirigits exclusivament al destinatari. "
    "Si l'heu rebut per error, us preguem que ens ho comuniqueu i l'elimineu.",
    "*****\nEste correo electrónico y sus adjuntos pueden contener información confidencial.\nSi no es usted el "
    "destinatario, queda notificado de que su divulgación está prohibida en virtud de la legislación vigente.\n*****",
    "INFORMACIÓN BÁSICA SOBRE PROTECCIÓN DE DATOS\nResponsable: Sonrisa Dental SL\nFinalidad: Gestionar las citas\n"
    "Legitimación: Consentimiento\nDerechos: Acceder, rectificar y suprimir los datos\n"
    "Información adicional: www.sonrisadental.es/privacidad",
    "Brightwater Ltd. Registered in England and Wales No. 08123456. This message may contain privileged information; "
    "if you are not the intended recipient you must not copy it.",
    "Libre de virus. www.avast.com",
    "Este correo electrónico ha sido comprobado en busca de virus por AVG.",
    "--\nThis email has been checked for viruses by Avast antivirus software.\nwww.avast.com",
    "This email is a service from Sprocket & Pine Support. Delivered by Zendesk",
    "Powered by Intercom",
    "Yahoo Mail: Search, Organize, Conquer",
]
ANNOUNCED = [
    "Ponlo así al final del correo:",
    "Te redacto la cláusula para tu web:\n",
    "Put this below your mails:",
    "Vostè ha de posar:\n",
]
NOT_NOTES = [
    "Is my data confidential?",
    "¿Mis datos son confidenciales?",
    "Hello.\nThis email is confidential, right? If you get it please delete it.",
    "Claro.\nLos datos que nos das son confidenciales y no los compartimos.",
    "Hi.\nIf you received the wrong boat, notify us and we refund.",
    "Please print the ticket before you come.",
    "Antes de imprimir el billete, revisa la fecha.",
    "Do I need to print it? I think of the environment.",
    "We follow the GDPR.\nYour data is deleted after a year. You can ask us to.\nDry socks!",
    "Hola\nSi usted no es el destinatario del paquete, avise al mensajero.",
    "Hola\nEste mensaje es para Ana: el destinatario del paquete no estaba en casa.",
    "The notice on the gate says: closed on Tuesdays.\nMind the tide.",
    "Warning: the tide is strong.\nStay with the recipient of the boat, delete nothing.",
    "Cómo borro mis datos?\nEste correo no lo uso, elimínalo por favor.",
    "Confidential? No.\nIt is on the website.",
    "Disclaimer: I am only a boatman.\nMind the tide.",
    "Please notify Tom.\nHe sent the attachment by mistake.",
    "Aviso: mañana cerrado.\nDisculpa las molestias.",
    "Der Hinweis war falsch.\nBitte drucken Sie die Karte.",
    "Si vous avez reçu le colis par erreur, prévenez-nous !",
    "La información del paquete\nllega al destinatario mañana.",
    "Print it, please.\nThe printer is by the kettle.",
    "Responsable: Ana\nMañana abre ella.",
    "I am the recipient and the sender, delete one of them.\nThanks",
    "Responsable: Ana\nFinalidad: dar de comer al gato\nPlazo: mañana",
    "Descárgalo aquí:\nwww.avast.com",
    "Mi correo está libre de virus, creo.\n¿Y el tuyo?",
    "This shop is powered by bikes",
    "Warning: the message came from outside the shop, somebody shouted it.\n\nShall I answer?",
    "This email came from outside the company, is it a scam?\n\nFrom: boss",
    "Los datos de la reserva: dos barcos, a las 10, destinatario Ana.\nGracias",
]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("gap", ["\n\n", "\n"])
def test_legal_notes_go(note, gap):
    assert without_disclaimer(f"At eight.\nNell{gap}{note}") == "At eight.\nNell"
    assert without_disclaimer(f"At eight.\nNell{gap}{note}\n\n{NOTES[13]}") == "At eight.\nNell"
    assert without_disclaimer(note) == note


def test_legal_notes_go_where_line_breaks_got_lost():
    assert without_disclaimer(f"Ok. {NOTES[0]}") == "Ok."
    assert without_disclaimer(f"Vale, mañana. {NOTES[6]}") == "Vale, mañana."


@pytest.mark.parametrize("text", NOT_NOTES)
def test_what_is_no_legal_note_stays(text):
    assert without_disclaimer(text) == text


@pytest.mark.parametrize("last", ["Mind the tide.", "Nell", "Dry socks, skipper!"])
def test_what_somebody_says_below_a_note_stays(last):
    assert without_disclaimer(f"At eight.\n\n{NOTES[0]}\n{last}") == f"At eight.\n\n{NOTES[0]}\n{last}"


def test_a_heading_goes_with_its_note_and_other_capitals_stay():
    assert without_disclaimer(f"At eight.\nDRY SOCKS\n\nAVISO LEGAL:\n{NOTES[6]}") == "At eight.\nDRY SOCKS"


@pytest.mark.parametrize("note", [NOTES[0], NOTES[6], NOTES[8]])
@pytest.mark.parametrize("announced", ANNOUNCED)
def test_a_note_that_is_the_answer_stays(announced, note):
    assert without_disclaimer(f"{announced}\n{note}") == f"{announced}\n{note}"


@pytest.mark.parametrize(
    "banner",
    [
        "CAUTION: This email originated from outside of the organization. Do not click links unless you know who.",
        "[EXTERNAL] This message was sent from outside your company.",
        "ATENCIÓN: Este correo procede de fuera de la organización. No abra los adjuntos.",
    ],
)
def test_a_warning_on_top_goes(banner):
    assert without_disclaimer(f"{banner}\n\nCan we have SSO?") == "Can we have SSO?"
    assert without_disclaimer(banner) == banner
    assert without_disclaimer(f"Look:\n\n{banner}\n\nWhy?") == f"Look:\n\n{banner}\n\nWhy?"
