"""What programs write into chats themselves, in their users' languages, as one pattern; and stems to find it by."""

import re


def _stems(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


# A name, a team, a queue: one to six words without a sign that ends a sentence.
_WHO = r"[^\s.,;:?!][^\s,;:?!\n]{0,30}(?: [^\s,;:?!\n]{1,30}){0,5}"
# Whoever did it: "Ana López", "ana92", "The agent", "El agente Ana", "+34 600 …"; not "my wife", "everybody" or "I".
_ONE = (
    r"(?!(?:i|we|you|he|she|they|it|who|all|both|every\w+|some\w+|any\w+|no\w*|my|our|his|her|their|please|can|could"
    r"|has|have|is"
    r"|was|did|that|this|yo|tú|él|ella|ellos|usted|todos?|todas?|nadie|alguien|mi|mis|su|sus|nuestr[oa]s?|ich|er|sie"
    r"|je|il|elle"
    r"|io|lui|lei|eu|ele|ela|jo|tothom|se|ya|no)\b)"
    r"(?:(?:the|el|la|un|una|an?) (?:agent[ea]?|operator|operador[a]?|bot|visitor|visitante|customer|client[ea]|user"
    r"|usuari[oa])"
    r"|[^\s,;:?!]{1,40})(?: (?-i:[A-ZÁÉÍÓÚÑÇÀÈÜÖÄ@+(\d])[^\s,;:?!]{0,30}){0,5}"
)
_CHAT = r"(?:conversation|chat(?: session)?|session|ticket|case|thread|request|issue)"
_CHARLA = r"(?:conversaci[óo]n|chat|sesi[óo]n(?: de chat)?|ticket|caso|incidencia|solicitud|consulta)"
_NUMBER = r"(?: ?\(?(?:#|n[º°o.]{1,2} ?|id:? ?)?[A-Z]{0,6}-?\d[\w-]{0,20}\)?)?"
_STATE = (
    r"(?:new|open|opened|pending|on[- ]hold|solved|resolved|closed|waiting(?: on (?:customer|agent|us))?|in progress"
    r"|done|re-?opened"
    r"|escalated|nuev[oa]|abiert[oa]|pendiente|en espera|en curso|resuelt[oa]|cerrad[oa]|finalizad[oa]|reabiert[oa]"
    r"|escalad[oa])"
)
_TIME = r"(?: (?:at|on|a las|el) \d[\d:/., apm-]{2,24}){0,2}"
# Who called: names, not "you at nine" or "my bank".
_CALLER = r"(?-i:[A-ZÁÉÍÓÚÑ+(\d])[^\s,;:?!]{0,30}(?: (?-i:[A-ZÁÉÍÓÚÑ(\d])[^\s,;:?!]{0,30}){0,5}"
_SPAN = (
    r"(?:[ ,·•()-]{0,3}\d{1,3}(?: ?(?:h|m|s|hr|min|sec|seg|hour|minut|second|segund|hora)\w{0,3}"
    r"|:\d\d(?::\d\d)?)){0,3}\)?"
)
_LINES = (
    # opened, closed, archived
    rf"(?!case closed\Z)(?:this |the |your )?{_CHAT}{_NUMBER} (?:(?:has been|was|has"
    r"|is now) )?(?:automatically )?(?:auto-)?"
    r"(?:closed|ended|started|created|opened|reopened|re-opened|archived|resolved|solved|unassigned|snoozed"
    r"|unsnoozed|marked as"
    rf" {_STATE}|terminated|finished|timed out|transferred)(?: automatically)?(?: (?:by"
    rf"|to) {_WHO})?(?: due to inactivity)?{_TIME}",
    rf"(?!caso cerrado\Z)(?:este |esta |el |la |tu |su )?{_CHARLA}{_NUMBER} (?:(?:ha sido|fue|se ha|ha|está"
    r"|queda) )?(?:autom[áa]ticamente )?"
    r"(?:cerrad[oa]|finalizad[oa]|terminad[oa]|iniciad[oa]|cread[oa]|abiert[oa]|reabiert[oa]|archivad[oa]"
    r"|resuelt[oa]|transferid[oa]"
    rf"|asignad[oa]|reasignad[oa]|marcad[oa] como {_STATE})(?: autom[áa]ticamente)?(?: (?:por|a"
    rf"|para) {_WHO})?(?: por inactividad)?(?: y no se (?:aceptan|admiten) más (?:comentarios|respuestas"
    rf"|mensajes))?{_TIME}",
    rf"se (?:ha )?(?:cerr(?:ado|ó)|finaliz(?:ado|ó)|inici(?:ado|ó)|reabierto|reabrió|archiv(?:ado|ó)) (?:el|la|este"
    rf"|esta|tu"
    rf"|su) {_CHARLA}{_NUMBER}(?: por inactividad)?{_TIME}",
    rf"(?:chat|unterhaltung|gespräch|konversation|ticket){_NUMBER} (?:wurde )?(?:automatisch )?(?:beendet"
    r"|geschlossen|gestartet|gelöst)",
    rf"(?:la |cette |le |ce )?(?:conversation|chat|discussion|ticket){_NUMBER} (?:a été |est )?(?:fermée?|terminée?"
    r"|close|clôturée?|résolu|"
    rf"démarrée?)(?: automatiquement)?",
    rf"(?:la |questa |il )?(?:conversazione|chat|ticket){_NUMBER} (?:è stat[ao] |è )?(?:chius[ao]|terminat[ao]"
    r"|avviat[ao]|risolt[ao])",
    rf"(?:esta |a |o |este )?(?:conversa|chat|ticket|atendimento){_NUMBER} (?:foi )?(?:encerrad[oa]|finalizad[oa]"
    r"|fechad[oa]|iniciad[oa])",
    rf"(?:la |aquesta |el )?(?:conversa|xat|tiquet){_NUMBER} (?:s'ha |ha estat )?(?:tancat|tancada|finalitzat"
    r"|finalitzada|iniciat)",
    rf"{_ONE} (?:closed|ended|left|opened|reopened|archived|solved|resolved|started|snoozed|unassigned)"
    rf" (?:the |this )(?:conversation|chat|session|ticket|case){_NUMBER}",
    rf"{_ONE} (?:ha |se ha )?(?:cerr(?:ó|ado)|finaliz(?:ó|ado)|termin(?:ó|ado)|abri[óo]|abierto|reabierto|abandon(?:ó"
    r"|ado)) (?:el|la|este|esta)"
    rf" (?:chat|conversaci[óo]n|sesi[óo]n|ticket|caso)",
    # assigned, transferred
    r"(?:(?:auto-?|automatically |re-?)?assigned|unassigned|transferred|escalated|routed|reassigned) (?:to"
    r"|from) (?!(?:me|us|him|you)\b)"
    rf"{_WHO}(?: by {_WHO})?{_TIME}",
    rf"(?:re)?asignad[oa] (?:autom[áa]ticamente )?a (?!(?:mí|ti|él)\b){_WHO}(?: por {_WHO})?{_TIME}"
    rf"|transferid[oa] a {_WHO}|escalad[oa] a {_WHO}",
    rf"{_ONE} (?:was |has been |self-)?(?:assigned|unassigned|reassigned|transferred)(?: (?:this"
    r"|the) (?:conversation|chat|ticket|case))?"
    rf"(?: (?:to|from) {_WHO})?(?: (?:this|the) (?:conversation|chat|ticket))?",
    rf"(?:se ha asignado|se asign[óo]) (?:la |el )?(?:conversaci[óo]n|chat|ticket|caso) a {_WHO}",
    rf"{_ONE} (?:ha )?(?:asign[óo]|asignado|transfiri[óo]|transferido) (?:la |el |esta |este )(?:conversaci[óo]n"
    rf"|chat|ticket|caso)(?: a {_WHO})?",
    rf"(?:you are|you're) (?:now )?(?:connected|chatting) (?:to|with) {_WHO}|(?:est[áa]s"
    rf"|ahora est[áa]s) (?:chateando|hablando|conectad[oa]) con {_WHO}",
    r"(?:transferring|connecting) (?:you )?to (?:an?|the next(?: available)?) (?:available )?(?:agent|operator"
    r"|representative|human)",
    r"(?:the )?agent transferred the chat(?: to [^\n?]{1,60})?",
    # came and went
    rf"{_ONE} (?:has |have )?(?:joined|left|entered|rejoined|disconnected from|was added to|was removed from"
    r"|has been added to)"
    r"(?: (?:the|this))? (?:chat|conversation|group|session|room|call|channel|meeting"
    rf"|#[\w-]{{1,40}})(?: by {_WHO})?{_TIME}",
    rf"{_ONE} (?:se ha unido|se uni[óo]|ha entrado|entr[óo]|ha abandonado|abandon[óo]|ha salido|sali[óo]"
    r"|se incorpor[óo]|se ha incorporado)"
    rf" (?:a la|al|en el|en la|la|el|del|de la) (?:chat|conversaci[óo]n|grupo|sesi[óo]n|sala|llamada|reuni[óo]n)",
    rf"{_ONE} se (?:ha (?:des)?conectado|(?:des)?conectó)(?: (?:al|del) chat)?",
    # Catalan
    rf"(?:l['’])?{_ONE} (?:s['’]ha unit a|ha (?:abandonat|deixat|tancat|finalitzat|reobert))"
    r" (?:la conversa|el xat|el tiquet)",
    rf"(?:re)?assignad?[ta] a (?:(?:l['’]|en |la )?(?!(?:mi|tu|ell?a?)\b){_WHO})",
    r"(?:la |aquesta |el |aquest )?(?:conversa|xat|tiquet) (?:s['’]ha |ha |ha estat )?"
    r"(?:tancat|tancada|finalitzat|finalitzada|iniciat|reobert)(?: per inactivitat)?",
    rf"{_ONE} (?:ist dem chat beigetreten|hat den chat (?:verlassen|betreten|beendet))|{_ONE} a (?:rejoint"
    r"|quitté) (?:le chat|la conversation)",
    rf"{_ONE} (?:si è unit[oa] alla|ha abbandonato la) (?:chat|conversazione)|{_ONE} (?:entrou no|saiu do) (?:chat"
    r"|grupo)",
    rf"{_ONE} (?:added|invited|removed) {_WHO} (?:to|from) the (?:group|chat|conversation|channel)",
    r"(?:the )?(?:visitor|customer|user|agent|operator|guest) (?:has )?(?:left|disconnected|joined|is offline"
    r"|went offline|is now online|is typing)",
    r"(?:el |la )?(?:visitante|cliente|usuario|agente|operador) (?:se ha |ha )?(?:desconectado|abandonado el chat"
    r"|salido|entrado|conectado)",
    # tickets
    rf"(?:request|ticket|solicitud|(?:la|su) solicitud){_NUMBER} [\"“«][^\n]{{1,150}}[\"”»] (?:was closed and merged"
    rf" into"
    r" this request|(?:se cerró|se ha cerrado|fue cerrada) y (?:se (?:ha )?)?(?:fusionó|fusionado|fusionada|combinó)"
    r" con"
    r" esta solicitud)\b(?s:.{0,160})",
    rf"(?:this |your |the )?(?:ticket|case|request|conversation){_NUMBER} (?:was |has been )?merged (?:into|with)"
    rf" (?:this |ticket "
    rf"|request |case )*{_NUMBER}",
    rf"(?:el |la )?(?:ticket|caso|solicitud){_NUMBER} (?:se ha |fue |ha sido )?(?:fusionad[oa]|combinad[oa]) (?:con"
    r"|en) (?:el |la )?"
    rf"(?:ticket |caso |solicitud )?{_NUMBER}",
    r"(?:ticket )?(?:status|priority|group|assignee|estado|prioridad|grupo) (?:was |has been |ha )?(?:changed"
    r"|updated|set|cambi[óo]|cambiado|actualizado)"
    rf"(?: (?:from|de) {_WHO})? (?:to|a) {_WHO}",
    rf"{_ONE} (?:changed|set) (?:the )?(?:status|priority|subject|assignee|group (?:name|icon"
    rf"|description))(?: (?:from|to) {_WHO}){{0,2}}",
    rf"{_ONE} (?:ha )?(?:cambi[óo]|cambiado) (?:el |la )(?:estado|prioridad|asunto|nombre del grupo"
    rf"|descripción)(?: (?:de|a) {_WHO}){{0,2}}",
    rf"(?:tags?|labels?|etiquetas?) (?:added|removed|a[ñn]adidas?|eliminadas?): ?{_WHO}|(?:added"
    rf"|removed) (?:the )?(?:tags?|labels?) {_WHO}",
    r"(?:estado|prioridad|grupo|asunto) (?:cambiad[oa]|actualizad[oa]|modificad[oa])"
    rf"(?: de {_WHO})? a {_WHO}",
    rf"{_ONE} (?:ha )?marc(?:ó|ado) (?:la |el |este |esta ){_CHARLA}{_NUMBER} como {_STATE}",
    rf"{_ONE} (?:ha )?(?:a[ñn]ad(?:ió|ido)|quit(?:ó|ado)|elimin(?:ó|ado)) (?:la|una) etiqueta [\"'“«‘]?{_WHO}[\"'”»’]?",
    # waiting and received
    rf"(?:your|the) (?:request|ticket){_NUMBER} has been received and is being reviewed by"
    rf" [^\n?]{{1,80}}(?s:.{{0,120}})",
    rf"(?:su|tu|la) (?:solicitud|consulta|incidencia){_NUMBER} (?:ha sido recibida|se ha recibido) y"
    r" (?:nuestro equipo|el equipo|nuestros agentes)[^\n?]{1,160}",
    r"(?:all (?:of )?our (?:agents|operators|representatives) are (?:currently )?(?:busy"
    r"|assisting)[^\n?!.]{0,60}[. ]{1,2})?"
    r"(?:you are|you're) (?:currently |now )?(?:number |no\. ?|#)\d{1,3} in (?:the |line|queue)[^\n?!,]{0,60}",
    r"(?:todos nuestros (?:agentes|operadores)[^\n?!.]{1,60}[. ]{1,2})?(?:eres|es usted|ocupas|ocupa) (?:el |la )?"
    r"(?:n[úu]mero |posici[óo]n |n[º°] ?)\d{1,3} (?:en|de) la (?:cola|fila)[^\n?!,]{0,60}",
    rf"(?:est[áa]s? siendo atendid[oa] por {_WHO}(?:\. ?|\Z))?(?:tiempo (?:medio |estimado )?de espera"
    r"(?: estimado| aproximado)?: ?\d[^\n?!]{0,30})?(?<=\w)",
    r"(?:estimated|average|current) wait(?:ing)? time(?: is|:) ?\d[^\n?!]{0,30}",
    r"while you(?: wait|'re waiting|’re waiting),? you can [^\n?!]{0,40}"
    r"(?:help cent(?:re|er)|knowledge base|faqs?|articles)[^\n?!,]{0,30}",
    r"mientras esperas?,? puedes? [^\n?!]{0,40}(?:centro de ayuda|preguntas frecuentes|base de"
    r" conocimiento)[^\n?!]{0,30}",
    r"you(?:'|’)?ll (?:get replies|be notified) here and (?:in your|by) e?-?mail:? ?\S{0,80}",
    r"(?:recibirás (?:las |una )?respuestas?|te avisaremos) (?:aquí|por aquí) y (?:en tu|por) (?:correo|e-?mail):?"
    r" ?\S{0,80}",
    r"our usual reply time\W{1,6}[^\n?!]{1,40}|nuestro tiempo (?:habitual )?de respuesta(?:"
    r" habitual)?\W{1,6}[^\n?!]{1,40}",
    # typing, offline, rating
    rf"(?:{_ONE} (?:is|está) )?(?:typing|escribiendo)(?:\.{{2,3}}|…)|(?:is typing|está escribiendo)",
    r"(?:please )?rate (?:this|your|our|the) (?:conversation|chat|experience|support|service|agent)(?: with us"
    r"| today)?",
    r"how would you rate (?:this|your|our|the) (?:conversation|chat|experience|support|service)(?: (?:you received"
    r"|with us|today))?\??(?: [\w😀-🙏 ]{2,15}(?: ?[|/] ?[\w😀-🙏 ]{2,15}){1,4})?",
    r"(?:por favor,? )?(?:val[óo]r[ae]|punt[úu]a|punt[úu]e|calific[ao]|califique|eval[úu]a|eval[úu]e) (?:esta|tu|su"
    r"|la|nuestra) (?:conversaci[óo]n|experiencia|atenci[óo]n)"
    r"(?: recibida)?|¿?c[óo]mo valorar[íi]as? (?:esta|tu|su|la) (?:conversaci[óo]n|experiencia"
    r"|atenci[óo]n)(?: recibida)?\?",
    r"(?:customer|user|visitor|el cliente) (?:rated|has rated|ha valorado|valoró) [^\n]{1,60}|(?:rating|chat rating"
    r"|valoraci[óo]n): (?:\d[^\n]{0,20}|good|bad|[★⭐]{1,5})",
    rf"{_ONE} (?:ha )?(?:valor(?:ó|ado)|puntu(?:ó|ado)|calific(?:ó|ado)) (?:el|la|este|esta|tu|su) (?:chat"
    rf"|conversaci[óo]n"
    rf"|atenci[óo]n|servicio)(?: (?:como|con) {_WHO})?",
    r"chat transcript|transcripci[óo]n del chat|(?:start|end) of (?:chat|conversation|transcript)|(?:inicio"
    r"|fin) (?:del chat|de la conversaci[óo]n)",
    # telephones
    r"(?:you )?(?:missed|silenced) (?:a )?(?:voice|video|group)(?: voice| video)? call"
    rf"(?: from {_CALLER})?(?: at \d{{1,2}}:\d\d)?(?:[ ,]*(?:tap|click) to call back)?",
    r"(?:missed|no answer|declined|outgoing|incoming)(?:,? | )(?:voice |video )?call"
    rf"(?: from {_CALLER})?(?: ?\([\d: minsech.]{{1,20}}\))?",
    rf"(?:video |voice |group )?(?:call|meeting|huddle) (?:ended|started){_SPAN}",
    r"(?:has perdido una |has recibido una )?(?:video)?llamada(?: de (?:voz|v[íi]deo|grupo))*"
    rf"(?: perdida| rechazada| finalizada| sin respuesta)(?: de {_CALLER})?(?: a las \d{{1,2}}:\d\d)?{_SPAN}",
    r"has perdido una (?:video)?llamada(?: de (?:voz|v[íi]deo))?"
    rf"(?: de {_CALLER})?"
    r"|verpasster (?:sprach"
    r"|video)anruf|appel (?:vocal |vidéo )?manqué"
    r"|chiamata (?:vocale |video )?persa|chamada (?:de (?:voz|vídeo) )?perdida|trucada perduda",
    r"(?:messages and calls|messages to this (?:chat|group)(?: and calls)?|messages you send to this (?:chat"
    r"|group)(?: and calls)?) are (?:now )?(?:secured with )?"
    r"end-to-end encrypt(?:ed|ion)[^\n]{0,250}",
    r"los mensajes y (?:las )?llamadas (?:están|est[áa]n|son) cifrad[oa]s de extremo a extremo[^\n]{0,250}",
    r"(?:nachrichten und anrufe sind ende-zu-ende|les messages et (?:les )?appels sont chiffrés"
    r"|i messaggi e le chiamate sono crittografati"
    r"|as mensagens e (?:as )?(?:chamadas|ligações) são|els missatges i (?:les )?trucades estan)[^\n]{0,250}",
    r"(?:this business (?:uses|is now using|works with)|esta empresa (?:usa|utiliza|trabaja con)"
    r"|this chat is with a business account|este chat es con una cuenta de empresa)[^\n]{0,250}",
    r"(?:you|your security code|tu c[óo]digo de seguridad|el c[óo]digo de seguridad)(?: with"
    r"| con)? ?[^\n?]{0,60}(?:changed|cambi[óo])\.? (?:tap|toca|pulsa)[^\n]{0,60}",
    r"[^\n?]{1,60} (?:changed their phone number|cambi[óo] (?:su|de) n[úu]mero de tel[ée]fono)[^\n?]{0,120}",
    r"(?:waiting for this message|esperando (?:el|este) mensaje)\b[^\n?]{0,120}",
    r"(?:you (?:un)?blocked this contact|(?:des)?bloqueaste a este contacto)(?:\. (?:tap|toca|pulsa)[^\n?]{1,60})?",
    r"(?:se (?:des)?activaron|(?:des)?activaste) los mensajes temporales[^\n?]{0,200}",
    rf"(?:you|{_ONE}) turned (?:on|off) disappearing messages[^\n?]{{0,200}}",
    # deleted
    r"(?:<)?(?:this message (?:was|has been) (?:deleted|removed|unsent)|you deleted this message|message (?:deleted"
    r"|removed|unavailable)|deleted message"
    r"|(?:se )?elimin[óo] este mensaje|se elimin[óo] este mensaje|eliminaste este mensaje|(?:este )?mensaje (?:fue "
    r"|se )?eliminado|este mensaje fue eliminado"
    r"|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht|ce message a été supprimé"
    r"|vous avez supprimé ce message"
    r"|questo messaggio è stato eliminato|hai eliminato questo messaggio|(?:esta )?mensagem (?:foi )?apagada"
    r"|esta mensagem foi (?:apagada|eliminada)"
    r"|aquest missatge s['’]ha (?:suprimit|eliminat)|s['’]ha (?:suprimit|eliminat) aquest missatge"
    r"|(?:heu|has) (?:suprimit|eliminat) aquest missatge|missatge (?:eliminat|suprimit)|unsupported message|mensaje"
    r" no compatible)(?:>)?",
    rf"{_ONE} (?:unsent|deleted) a message|{_ONE} (?:ha )?(?:anul[óo]|eliminado|elimin[óo]) (?:un"
    r"|el env[íi]o de un) mensaje",
)
SYSTEM = re.compile("|".join(f"(?:{line})" for line in _LINES), re.I)

# Every one of those lines has one of these stems; texts without, nearly all, are done in two microseconds.
STEMS = _stems(
    "clos, ended, start, creat, opened, solved, snooz, timed out, transf, finaliz, cerr, termin, cread, abiert, "
    "abrió, abrio, resuelt, asign, marcad, beend, geschl, gelöscht, gelöst, ferm, clôtur, démarr, résolu, chius, "
    "avviat, risolt, fechad, tanca, assign, routed, connect, chatting, chatean, habland, joined, left, entered, "
    "added, removed, invited, unido, unió, unio, entr, sali, incorpor, beigetreten, verlassen, betreten, rejoint,"
    " quitté, saiu, offline, typing, escribiendo, merged, fusion, combin, changed, updated,  set, cambi, tag, "
    "label, etiqueta, rate, rating, valor, punt, calific, evalú, evalua, transcri, end of, fin , call, llamada, "
    "anruf, appel, chiamata, chamada, trucada, encrypt, cifrad, ende-zu-ende, chiffr, crittograf, criptograf, "
    "xifrat, this business, empresa, business account, your security, seguridad, waiting for, esperando, delet, "
    "unsent, elimin, supprim, apagada, suprimit, unavailable, no compatible, unsupported, anul, actualiz, reab, "
    "queue, la cola, la fila, siendo atend, get replies, be notified, recibirás, te avisaremos, reply time, "
    "conect, bloque, temporales, disappearing, turned, xat, marcó, de espera, wait time, you wait, inici, escal, "
    "aband, nit a, block, archiv, request, recibida"
)
# Lines of more than 120 characters have one of these.
LONG_STEMS = _stems(
    "crypt, cifrad, ende-zu, chiffr, critto, cripto, xifrat, business, empresa, changed, cambi, "
    "waiting for this, esperando, encerrad, joined, added, removed, assign, asign, merged, temporales, disappearing, "
    "received, recibid, fusion"
)
