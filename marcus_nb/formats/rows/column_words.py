"""Words of column names by what they promise, in the languages that exports are written in here and nearby."""


def words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILLERS = words_of("s of from the by de del la el los las por a d du des le les der die das von il lo do da")
PROMPT = words_of(
    "prompt question pregunta query consulta letter carta request solicitud peticion input entrada inquiry "
    "enquiry instruction instruccion duda problem problema description descripcion complaint queja reclamacion "
    "asked questions preguntas consultas queries prompts requests frecuentes frequently faq ask review resena "
    "opinion feedback issue reclamo frage fragen anfrage anliegen pergunta perguntas domanda domande richiesta "
    "demande requete solicitacao duvida prompte sollicitud dubte avaliacao bewertung avis recensione "
    "comentari ressenya"
)
RESPONSE = words_of(
    "response reply answer respuesta contestacion output salida completion resolution resolucion solution "
    "solucion target answers respuestas replies responses antwort antworten reponse reponses resposta respostas "
    "risposta risposte soluzione solucao losung rueckmeldung contestacio retour"
)
TEXT = words_of(
    "message mensaje text texto content contenido body cuerpo msg utterance comment comentario "
    "nachricht nachrichten mensagem mensagens messaggio messaggi messages inhalt conteudo contenuto contenu texte "
    "testo missatge missatges corps corpo nachrichtentext"
)
CUSTOMER = words_of(
    "customer client cliente user usuario human humano guest huesped visitor visitante buyer comprador invitado "
    "kunde kundin clients utilisateur utente hospede gast visiteur visitatore acheteur kaufer clienta consumidor "
    "reviewer"
)
AGENT = words_of(
    "agent agente assistant asistente support soporte staff operator operador bot gpt model chatbot ai admin "
    "advisor asesor asesora team equipo owner propietario host anfitrion seller vendedor atendente berater "
    "mitarbeiter conseiller operatore operatrice assistente assistenz unterstutzung suporte assistenza atencion "
    "our nuestra notre nossa unsere nostra my minha"
)
# In the form that a business sends out, `your` is the customer's and `our` the business's own.
FIRM = words_of("company business store shop hotel empresa tienda entreprise firma azienda restaurant property")
YOURS = words_of("your tu su votre ihre sua seu vostra")
CONVERSATION = words_of(
    "conversation conversacion conv chat thread hilo ticket case caso session sesion dialog dialogue dialogo "
    "interaction interaccion call llamada incident incidencia conversationid ticketid chatid threadid sessionid "
    "dialogid tree arbol gesprach unterhaltung vorgang conversa conversacao conversazione discussion billet "
    "chamado atendimento biglietto fall anfragenummer dossier"
)
MANY = words_of("conversations chats threads tickets messages message customer")
CHANNEL = words_of("channel canal room sala group grupo phone telefono wa_id")
NUMBER = words_of(
    "id n no nr number numero num ref reference identifier uuid key codigo idx nummer nº numer kennung identifiant"
)
AUTHOR = words_of(
    "author autor from de sender remitente speaker role rol who quien emisor hablante absender auteur mittente "
    "autore expediteur remetente sprecher locutor falante interlocutor verfasser parlante"
)
AUTHOR_IDS = AUTHOR | words_of("user usuario authorid userid senderid")
LIKELY_AUTHORS = words_of(
    "user usuario username name nombre nick nickname handle contact contacto member participant participante nom "
    "nome vorname benutzer utilisateur utente apelido pseudo"
)
SENT = words_of("sent enviado enviada escrito written posted said gesendet envoye inviato")
PERSON = AUTHOR | CUSTOMER | words_of("name nombre email correo phone telefono")
ROLES = words_of(
    "dir role rol direction direccion sentido type tipo kind side inbound outbound incoming outgoing entrante saliente"
)
TRUE, FALSE = words_of("true yes si 1 verdadero y t"), words_of("false no 0 falso n f")
# The first that is there orders the messages, unless there is a turn's number: that says more than a day.
ORDERS = [
    *("timestamp", "datetime", "date time", "fecha hora", "fecha y hora", "data hora", "data e hora", "date heure"),
    *("zeitstempel", "sent at", "created at", "sent", "enviado", "message time", "message date", "ts", "date"),
    *("fecha", "datum", "data", "dia", "day", "time", "hora", "created", "creado"),
]
TURNS = words_of("turn turno order orden seq sequence secuencia position posicion index idx")
PURCHASE = words_of("order orden pedido")
DAYS = words_of("date fecha dia day datum data tag jour giorno")
CLOCKS = words_of("time hora clock uhrzeit zeit heure ora horario")
MOMENTS = words_of(
    "timestamp datetime date fecha time created sent when cuando datum data zeitstempel horodatage quando quand "
    "wann gesendet envoye enviado inviato"
)
INBOUND = words_of("inbound incoming entrante received recibido")
OUTBOUND = words_of("outbound outgoing saliente sent enviado me mine")
NAMED = words_of("name nombre message mensaje")
