"""What a column's name promises: English and Spanish words for each part that a column can play."""

from collections.abc import Iterable, Mapping

from marcus_nb.formats import words
from marcus_nb.formats.speakers import role_word
from marcus_nb.formats.tables import FormatError, RawTable

PARTS = (
    "prompt",
    "response",
    "input",
    "history",
    "conversation",
    "author",
    "role",
    "order",
    "time",
    "content",
    "customer",
)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILLERS = _set("s of from the by de del la el los las por a")
_PROMPT = _set(
    "prompt question pregunta query consulta letter carta request solicitud peticion input entrada inquiry "
    "enquiry instruction instruccion duda problem problema description descripcion complaint queja reclamacion "
    "asked questions preguntas consultas queries prompts requests frecuentes frequently faq ask review resena "
    "opinion feedback issue reclamo frage fragen anfrage anliegen pergunta perguntas domanda domande richiesta "
    "demande requete solicitacao duvida prompte sollicitud dubte avaliacao bewertung avis recensione "
    "comentari ressenya"
)
_RESPONSE = _set(
    "response reply answer respuesta contestacion output salida completion resolution resolucion solution "
    "solucion target answers respuestas replies responses antwort antworten reponse reponses resposta respostas "
    "risposta risposte soluzione solucao losung rueckmeldung contestacio retour"
)
_TEXT = _set(
    "message mensaje text texto content contenido body cuerpo msg utterance comment comentario "
    "nachricht nachrichten mensagem mensagens messaggio messaggi messages inhalt conteudo contenuto contenu texte "
    "testo missatge missatges corps corpo nachrichtentext"
)
_CUSTOMER = _set(
    "customer client cliente user usuario human humano guest huesped visitor visitante buyer comprador invitado "
    "kunde kundin clients utilisateur utente hospede gast visiteur visitatore acheteur kaufer clienta consumidor "
    "reviewer"
)
_AGENT = _set(
    "agent agente assistant asistente support soporte staff operator operador bot gpt model chatbot ai admin "
    "advisor asesor asesora team equipo owner propietario host anfitrion seller vendedor atendente berater "
    "mitarbeiter conseiller operatore operatrice assistente assistenz unterstutzung suporte assistenza atencion "
    "our nuestra notre nossa unsere nostra my minha"
)
# In the form that a business sends out, `your` is the customer's and `our` the business's own.
_YOURS = _set("your tu su votre ihre sua seu vostra")
_CONVERSATION = _set(
    "conversation conversacion conv chat thread hilo ticket case caso session sesion dialog dialogue dialogo "
    "interaction interaccion call llamada incident incidencia conversationid ticketid chatid threadid sessionid "
    "dialogid tree arbol gesprach unterhaltung vorgang conversa conversacao conversazione discussion billet "
    "chamado atendimento biglietto fall anfragenummer dossier"
)
_MANY = _set("conversations chats threads tickets messages message customer")
_CHANNEL = _set("channel canal room sala group grupo phone telefono wa_id")
_NUMBER = _set(
    "id no nr number numero num ref reference identifier uuid key codigo idx nummer nº numer kennung identifiant"
)
_AUTHOR = _set(
    "author autor from de sender remitente speaker role rol who quien emisor hablante absender auteur mittente "
    "autore expediteur remetente sprecher locutor falante interlocutor verfasser parlante"
)
_AUTHOR_IDS = _AUTHOR | _set("user usuario authorid userid senderid")
_LIKELY_AUTHORS = _set(
    "user usuario username name nombre nick nickname handle contact contacto member participant participante nom "
    "nome vorname benutzer utilisateur utente apelido pseudo"
)
_SENT = _set("sent enviado enviada escrito written posted said gesendet envoye inviato")
_PERSON = _AUTHOR | _CUSTOMER | _set("name nombre email correo phone telefono")
_ROLES = _set(
    "role rol direction direccion sentido type tipo kind side inbound outbound incoming outgoing entrante saliente"
)
_TRUE, _FALSE = _set("true yes si 1 verdadero y t"), _set("false no 0 falso n f")
# The first that is there orders the messages, unless there is a turn's number: that says more than a day.
_ORDERS = [
    *("timestamp", "datetime", "date time", "fecha hora", "fecha y hora", "data hora", "data e hora", "date heure"),
    *("zeitstempel", "sent at", "created at", "sent", "enviado", "message time", "message date", "ts", "date"),
    *("fecha", "datum", "data", "dia", "day", "time", "hora", "created", "creado"),
]
_TURNS = _set("turn turno order orden seq sequence secuencia position posicion index idx")
_PURCHASE = _set("order orden pedido")
_SAMPLED, _MOST_ROLES = 5000, 8
_DAYS = _set("date fecha dia day datum data tag jour giorno")
_CLOCKS = _set("time hora clock uhrzeit zeit heure ora horario")
_MOMENTS = _set(
    "timestamp datetime date fecha time created sent when cuando datum data zeitstempel horodatage quando quand "
    "wann gesendet envoye enviado inviato"
)


def persona_words(*names: str) -> frozenset[str]:
    """The words of the persona's names: a column called by one of them holds the persona's text."""
    return frozenset(word for name in names for word in words.split(name)) - _FILLERS


def _by_whom(header: str) -> bool:
    """`Asked by`, `respondido por`: who did it, not what was said."""
    said = words.split(header)
    return len(said) > 1 and said[-1] in ("by", "por", "von", "par", "da")


def prompt_rank(header: str, persona: frozenset[str]) -> int:
    """How surely a column holds what the customer says: 0 not at all, 1 a customer's name or text, … 4 surely."""
    if words.key(header) in ("q", "p"):
        return 3
    said = set(words.split(header)) - _FILLERS
    if not said or said & persona or not said <= _PROMPT | _TEXT | _CUSTOMER | _YOURS or _by_whom(header):
        return 0
    if said & _PROMPT or (said & _TEXT and said & _CUSTOMER):
        return 4 if said & _PROMPT else 3
    return 2 if said <= _TEXT else 1


def response_rank(header: str, persona: frozenset[str]) -> int:
    """How surely a column holds what the persona says: 0 not at all, 1 any message, … 5 surely."""
    if words.key(header) in ("a", "r"):
        return 3
    said = set(words.split(header)) - _FILLERS
    if not said or not said <= _RESPONSE | _TEXT | _AGENT | persona or _by_whom(header):
        return 0
    if said & _RESPONSE:
        return 5 if said & persona else 4
    if said & (_AGENT | persona):
        return 3 if said & _TEXT else 2
    return 1


def is_conversation(header: str) -> bool:
    said = set(words.split(header)) - _FILLERS
    return (bool(said & _CONVERSATION) and said <= _CONVERSATION | _NUMBER | _MANY) or is_thread_time(header)


def is_thread_time(header: str) -> bool:
    """`thread_ts`: the time of the message that others answer, which is its thread's name."""
    said = set(words.split(header))
    return bool(said & _CONVERSATION) and bool(said & {"ts", "timestamp", "time"}) and len(said) == 2


def is_other_id(header: str) -> bool:
    """`Order ID`, `Vorgangsnummer`, `case_ref`: the number of something that messages may be about."""
    said = set(words.split(header))
    named = said & (_AUTHOR | _CUSTOMER | _AGENT | _TEXT | _LIKELY_AUTHORS | _CHANNEL)
    return len(said) > 1 and bool(said & _NUMBER) and not named


def is_channel(header: str) -> bool:
    """A column of places where many conversations follow each other: `channel`, `phone`."""
    said = set(words.split(header)) - _FILLERS
    return bool(said & _CHANNEL) and said <= _CHANNEL | _NUMBER | {"name", "nombre"}


def is_id(header: str) -> bool:
    """A column that names each record. A running number (`No.`) does not: it changes when a row is put in between."""
    return is_conversation(header) or words.key(header) in ("id", "uid", "uuid", "identifier")


def is_author(header: str) -> bool:
    said = set(words.split(header))
    if _by_whom(header):
        return bool(said & _SENT)
    return bool(said & _AUTHOR) and said <= _AUTHOR | _set("name nombre message mensaje")


def is_author_id(header: str) -> bool:
    """`author_id`, `from_id`, `userId`: who speaks, where no name says it."""
    said = set(words.split(header))
    return bool(said & _AUTHOR_IDS) and said <= _AUTHOR_IDS | _NUMBER


def is_content(header: str) -> bool:
    said = set(words.split(header)) - _FILLERS
    return bool(said) and said <= _TEXT


def is_customer(header: str) -> bool:
    """A column that says who the customer is: `Customer`, `From`, `Guest name`, `customer_id`."""
    said = set(words.split(header))
    return bool(said & _PERSON) and said <= _PERSON | _NUMBER


def is_likely_author(header: str) -> bool:
    """A column that may hold authors where none is named for them: `user`, `nombre`, `display name`."""
    said = set(words.split(header)) - {"display", "full"}
    return bool(said) and said <= _LIKELY_AUTHORS


def order_column(headers: Iterable[str]) -> str | None:
    headers = list(headers)
    turn = first(headers, lambda header: _is_turn(set(words.split(header))))
    if turn:
        return turn
    by_key = {words.key(header): header for header in reversed(headers)}
    found = next((by_key[name] for name in _ORDERS if name in by_key), None)
    return found or next((header for key, header in by_key.items() if _is_moment(key)), None)


def _is_turn(said: set[str]) -> bool:
    """`turn`, `turn_id`, `message index`, `orden`: the place of a message in its conversation."""
    # An `Order ID` is what was bought.
    return bool(said & _TURNS) and said <= _TURNS | _NUMBER | _TEXT and not (said & _PURCHASE and said & _NUMBER)


def _is_moment(key: str) -> bool:
    """`created_on`, `Sent (UTC)`, `message timestamp`, `fecha de envío`: a time by one of its words."""
    said = set(key.split())
    return (
        bool(said & _set("timestamp datetime date fecha time created sent")) and len(said) <= 4 and not said & _NUMBER
    )


def clock_column(day: str, headers: Iterable[str]) -> str | None:
    """The column of hours beside one of days: `hora` beside `fecha`."""
    if not set(words.split(day)) & _DAYS or set(words.split(day)) & _CLOCKS:
        return None
    return first(headers, lambda header: words.key(header) in _CLOCKS, (day,))


def role_column(raw: RawTable, besides: Iterable[str]) -> str | None:
    """A column whose values tell the customer's side from the persona's: `direction` (inbound, outbound), `from_me`."""
    for column in raw.columns:
        said = set(words.split(column))
        if column not in besides and said & (_ROLES | _CUSTOMER | _AGENT | {"me", "mine"}):
            roles = roles_of(raw, column)
            if len(set(roles.values()) & {"user", "assistant"}) == 2:
                return column
    return None


def roles_of(raw: RawTable, column: str) -> dict[str, str]:
    """The role for each value of a column, {"inbound": "user", "outbound": "assistant"}; empty when one has none."""
    values = {text(value).strip() or str(value) for value in raw.column(column)[:_SAMPLED] if value not in (None, "")}
    if not values or len(values) > _MOST_ROLES:
        return {}
    if all(truth(value) is not None for value in values):
        yes, no = _sides(column)
        return {value: yes if truth(value) else no for value in values} if yes else {}
    # `outbound-api`, `incoming call`: of two words the first tells.
    roles = {value: role_word(value) or role_word(words.key(value).split(" ")[0]) for value in values}
    return roles if all(roles.values()) else {}


def truth(value: object) -> bool | None:
    """True or False of a JSON value or a cell ("yes", "0", "Verdadero"); None of anything else."""
    if isinstance(value, bool):
        return value
    key = words.key(text(value))
    return True if key in _TRUE else False if key in _FALSE else None


def _sides(header: str) -> tuple[str, str]:
    said = set(words.split(header))
    if said & (_CUSTOMER | _set("inbound incoming entrante received recibido")):
        return "user", "assistant"
    if said & (_AGENT | _set("outbound outgoing saliente sent enviado me mine")):
        return "assistant", "user"
    return "", ""


def is_known(header: str, persona: frozenset[str]) -> bool:
    """Whether a cell looks like the name of a column: what tells a header from a title."""
    tests = (is_id, is_author, is_content, is_customer, is_likely_author, is_channel)
    ranked = prompt_rank(header, persona) or response_rank(header, persona)
    return bool(ranked or order_column([header]) or any(test(header) for test in tests))


def first(columns: Iterable[str], test: object, besides: Iterable[str] = ()) -> str | None:
    """The first column that passes a test and plays no other part."""
    besides = set(besides)
    return next((column for column in columns if column not in besides and test(column)), None)


def given(raw: RawTable, chosen: Mapping[str, str]) -> dict[str, str]:
    """The parameters' `columns`, each as the file spells it. Raises FormatError for an unknown part or column."""
    by_key = {words.key(column): column for column in raw.columns}
    found = {}
    for part, name in chosen.items():
        if part not in PARTS:
            raise FormatError(
                f"columns: unknown part `{part}`{words.near(part, PARTS)}: parts are {words.listed(PARTS)}"
            )
        column = name if name in raw.columns else by_key.get(words.key(name))
        if column is None:
            raise FormatError(
                f"{raw.name}: there is no column `{name}` (wanted as {part}){words.near(name, raw.columns)}: "
                f"the columns are {words.listed(raw.columns)}"
            )
        found[part] = column
    return found


def text(value: object) -> str:
    """The text of a cell or a JSON value, as it is; what is no text (null, true, objects, blanks only) becomes "".

    A list of text parts, [{"type": "text", "text": "Hi"}], is their texts, one a line; other parts make it no text.
    """
    if isinstance(value, list) and value and all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in value):
        value = "\n".join(part["text"] for part in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value.strip() else ""


def customer_of(value: object) -> str | None:
    """Who the customer is: a name, or the `name` (else `id`, `email`) of a nested object; None when nobody is named."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("name", "nombre", "id", "email") if text(value.get(name))), None)
    return text(value).strip() or None


def looks_like_names(raw: RawTable, column: str) -> bool:
    """Whether a column holds names, one or two words each, rather than what people say."""
    filled = [said for value in raw.column(column)[:_SAMPLED] if (said := text(value))]
    lengths = [len(said.split()) for said in filled]
    return bool(lengths) and sum(lengths) / len(lengths) <= 2 and len(set(filled)) < len(filled)


def repeats(raw: RawTable, column: str) -> bool:
    """Whether any value of a column stands in more than one record."""
    filled = [said for value in raw.column(column) if (said := text(value).strip())]
    return len(set(filled)) < len(filled)


def filled(raw: RawTable, place: int) -> list[str]:
    """The columns in which a record says anything."""
    values = ((name, raw.column(name)[place]) for name in raw.columns)
    return [name for name, value in values if text(value) or (isinstance(value, dict | list) and value)]
