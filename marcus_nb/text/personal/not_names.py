"""Words that stand where a name could, and are none: "Hi there", "Hola buenas", "Dear customer". Casefolded."""

_ENGLISH = """
presto nonny caracola heavens grief lord
aboard abroad ashore computer landlord landlady teammate teammates moderator shipmate shipmates boss bosses lovelies
petal poppet sunshines champion traveller voyager adventurer explorer stargazer gardener reader foodie foodies
ugh um umm ummm uh uhm huh hm aww aw omg oops ooh oh ooo ah ahh same nice sounds glad heavenly principessa ew gosh
whoa yo yup yikes yay hooray pennsylvania california florida
a about actually admin again agent ahoy all also always am amazing amazon america american an and another any anybody
anyone anything apologies are as ask
assistant at awesome aye babe baby back bad bank be beautiful because been before best better big boat bot boy boys
bro broken brother but buddy by bye
can cancel captain care champ chap chaps chat chatbot chief christmas class colleague colleagues come committee
company congratulations contact cool could
council crew customer customers customs dad daddy damn darling day days dean dear dearest delivery desk did director
do doctor does doctors doing done dude each
easter editor either england english enquiries even evening ever every everybody everyone everything exactly excellent
excuse family fantastic fellow fellows fine first
folks following for france french fri friday friend friends from gang general gentleman gentlemen germany get girl
girls give god good goodbye got gotcha grandma grandpa granny great
greetings group guest guests guy guys ha had happy has have having he headmaster hello help helpdesk her here hey hi
hiring his hiya hmm honestly honey hope hotel how however hr hun i i'd i'll i'm i've
if in india indeed info interesting internet is issue it it's its italy item jesus just kid kids kind kindly king
ladies lady lads lass last later least let let's lets lol london look
looking lord lost lot love lovely lover luck ma ma'am madam madame mail mam man manager many marketing mate mates
maybe me member members merry message mine miss mom monday more morning most mother mr mrs ms much mum mummy
my nah nay need neighbour neighbor neighbours never new next nice night no nobody noon nope not nothing now of off
office officer ok okay old on once one ones only online operator or order orders original our ours out
over owner owners pal parents partner partners payment people perfect person pet please pleased plus police president
problem product professor purchase pirate queen question questions quick quite readers ready really reader
reception recruiter refund regarding reservations resident residents return right sailor sailors sales santa sat
saturday say see sender senator server service services shall she shipping shop shopper sir sirs sis sister site
skipper so some
somebody someone something son soon sorry spain spanish spring staff stay still stop store stranger student students
subscriber such sue summer sun sunday super supplier support supporter sure sweetheart sweetie
system systems tech technical team teams teacher tenant tell texas thank thanks that that's the their them then there
they this those though thursday thu time to today together tomorrow too tourist traveller traveler treasure tuesday
tue unfortunately uncle
auntie aunt under up urgent us usa user users usual valued very visitor visitors volunteer volunteers wait wallet want
was we we'd we'll we're we've website wed wednesday weekend welcome well were what what's whatever when where which
while who whoever whom
why winter wine with without wonderful world would wow wrong ya yeah year years yep yes yesterday yet you you'd you'll
you're you've young your yours yourself zero january february march april may june july august september october
november december
account accounts billing booking bookings feedback complaints complaint hospitality support-team humans human robot ai
siri alexa google cortana chatgpt gpt whisky online-team ship sea captain's matey landlubber diary kitty dolly
sunshine gorgeous handsome
legend star superstar boss dear-all comrade comrades citizen citizens brothers sisters folk y'all yall peeps
everyone's both two three four five nothing none half anyway quickly apparently basically currently could've should
should've might must
wondering checking following-up trying calling writing sending wanted thinking having hoping hoped here's there's he's
she's how's who's where's when's i'd've ill im ive id dont can't cant cannot couldn't didn't doesn't don't won't isn't
wasn't aren't
"""
_SPANISH = """
diario navegante navegantes viajera explorador exploradora compi compis vecindario
ay uf puf vaya jo jajaja ostras hostia madre
a abogado abuela abuelo acabo adiós agente ahora al algo alguien alguna alguno allí alta amiga amigas amigo amigos
amor anda ante antes apreciada apreciado aquella aquí así asistente asistencia atención atentamente aunque ayer ayuda
bebé bella bella bien bienvenida
bienvenido bienvenidos bonita bot buen buena buenas bueno buenos cada caballero caballeros campeón capitán capitana
cariño casa casi chao chat chatbot chica chicas chico chicos cielo cliente clienta clientes colega colegas comercial
comisión cómo como compañera
compañeras compañero compañeros compras comunidad con conmigo consulta contigo corazón cordial cordiales cosa creo
crack cual cuál cuando cuándo cuanto cuánto cuenta da dame de debo del dependienta desde después dice dime dios
director directora disculpa disculpad disculpe
disculpen domingo doctor doctora don donde dónde doña dos durante e el él ella ellos empresa en encantada encantado
enero entonces entre envío equipo era eres es esa ese eso esta está estaba están estamos estar estas este esto estos
estoy estupendo excelente familia
favor feliz felices felicidades fenomenal febrero fin fue gente genial gracias gran grandes guapa guapas guapo guapos
ha había habéis haber hace hacia han has hasta hay he hemos hermana hermano hermosa hermoso hija hijo hola hoy igual
igualmente información internet invitada invitado
ja jaja jefa jefe jolín joven jueves julio junio la las le les linda lindo lo loca loco los luego lunes llamo llevo ma
madre mamá mami mañana marido marzo martes más mayo me menos mensaje mi mía mire mira miércoles mis mismo mucha muchas
mucho muchos mujer mundo muy nada nadie ni
ningún ninguna ninguno niña niño niños no noche noches nos nosotros noviembre nuestra nuestro nueva nuevo número nunca
o octubre oficina oiga oíd oye operador operadora os otra otro padre papá papi para parece paciente pedido perdón
perdona perdonad perdone perdonen perfecto pero persona personal
personas pasajero pasajera poco por porque posible preciosa precioso primero princesa prima primo profe profesor
profesora propietario proveedor pues puede puedo puedes podéis podría podrías podríais qué que querer quería queremos
querida queridos quien quién quiero quisiera quisiéramos quizá recibido recepción reina rey responsable
sábado saludo saludos sé se señor señora señores señoras señorita según seguimos ser servicio si sí siempre siento
siguiente sin sobre socia socio socios sois sol solo sólo somos soporte soy su suscriptor sus tal también tampoco tan
tanto tarde tardes te técnico tengo tendría tenemos tenéis tía tiene tienen tienes tienda tío tíos todavía
todo todos todas trabajo tras tú tu turista tus un una uno unos usted ustedes usuaria usuario usuarios va vale vamos
vaya vecina vecino vecinos venta ventas ver viajero viernes visitante vosotros voy vuestra vuestro y ya yo septiembre
agosto abril diciembre administración administrador contabilidad facturación reservas pedidos gerencia dirección
logística
taller almacén españa madrid barcelona valencia sevilla mundo navidad patrón patrona marinero marinera grumete capi
tripulación tesoro vida nena nene peque hermosura máquina figura artista fiera monstruo chaval chavales tronco tron
quillo illo che boludo pana parce compadre comadre wey güey buenísimas buenasss holaa holaaa hoolaa muyy gracias
necesito necesitamos necesitaba querría queríamos llevamos compré he hice intento intenté tuve hemos me recibí
solicito os escribo escribía contacto adjunto respecto debido mediante únicamente simplemente solamente tengo
"""
_FRENCH = """
toi eux lui vous mondes matelot
à agent alors ami amie amis amies après assistance au aujourd'hui aussi avec bien bienvenue bon bonjour bonne bonsoir
bravo capitaine car ce cela ces c'est cet cette chef cher chère chers chères chéri chérie client cliente clients
collègue collègues comment conseiller copain copine coucou dame dames
d'accord dans de déjà demain depuis des désolé désolée docteur dimanche directeur directrice du elle elles en encore
enchanté enchantée entreprise équipe est et être excellente excusez famille fille garçon gens hier ici il ils j'ai je
jeudi j'aimerais j'espère j'attends jour journée l'équipe la le les leur lundi ma madame mademoiselle maître mais
maman mardi mec
mercredi merci mes messieurs mesdames mesdemoiselles moi mon monde monsieur ne non nos notre nous oui où ou papa par
parents pardon pas patron petit petite plus pour pourquoi pouvez pouvez-vous pourriez-vous professeur puis-je
qu'est-ce quand que quel quelle quelqu'un qui rien sa salut samedi sans se service ses seulement si s'il son sur
support support-client ta tous tout toute toutes très
tu un une vendredi vendeur vente veuillez voici voilà voisin voisine vos votre vous y janvier février mars avril mai
juin juillet août septembre octobre novembre décembre paris france
"""
_GERMAN = """
gast welt dir euch alle ihnen computer chefs
aber abend alle alles also am an anbei auch auf aus bei beim bin bis bitte bot chef chefin da damen danke dann das
dass dein deine dem den der die dies diese dieser doch doktor du durch ein eine einen er es euch euer eure familie
frage frau frauen freitag freund freunde freundin für gäste geehrte geehrter gern gerne gibt grüß gruß grüße gut gute
guten guter hallo haben habe hat herr
herren herzlich herzliche herzlichen heute hi hier hilfe ich ihr ihre im in ist ja jemand jetzt jungs kann kannst kein
keine kollege kollegen kollegin kolleginnen kommt könnte könnten können kunde kunden kundendienst kundenservice kundin
lass leider leser leserin leute lieb liebe lieber liebes liebling mädels mama mann mein meine mensch mir mit mittwoch
mitglied mitglieder moin montag morgen nach nachbar nachbarin nachbarn nachricht
nein neu nicht nichts noch nun nur ob oder papa person plan problem prof rückfrage sagt sagen samstag schatz schön
schöne schönen sehr sei seid seine service sie sind so sollte sonntag sonst support tag tage team teilnehmer und uns
unser unsere verehrte viel viele vielen vielleicht von vor wann war warum was weil weiß welche wenn wer werte werter
wie willkommen wir wird wo wollte würde zu zum zur zusammen dienstag donnerstag januar februar märz april mai juni
juli
august september oktober november dezember deutschland berlin kapitän
"""
_ITALIAN_PORTUGUESE_CATALAN = """
a adesso amica amiche amici amico anche ancora assistenza aspetta assistente azienda bella bello ben benvenuta
benvenuti benvenuto bellissima bene buon buona buonasera buongiorno buone capitano cara care cari caro che chi ci ciao
cliente clienti collega colleghe colleghi come con cosa così da dal davvero del della di direttore domani domenica
dottore dottoressa dove e è ecco egregi egregio ero famiglia fra gentile gentili gentilissimi
giovedì gli grande grazie ho ieri il in insieme io la lavoro le lei lo loro lunedì lui ma mamma martedì me mercoledì
mi mia mio molto molte mondo negozio nessuno noi non nonna nonno nostra nostro o oggi ogni ok papà per perché perfetto
perdonate però persone piacere più possiamo posso potete potrebbe pregiato presidente prof professore professoressa
pronto prego qualcuno quale quando questa questo qui ragazza ragazze ragazzi ragazzo responsabile sabato salve
salute saluti scusa scusate scusi se sei sempre sera servizio si sì siamo siete signora signore signori signorina sono
spett spettabile squadra stella stimato sto sua suo tesoro ti tua tuo tutti tutte tutto un una va vedo venerdì vicino
voi volevo vorrei vostra gennaio febbraio marzo aprile maggio giugno luglio settembre ottobre dicembre italia roma
milano
agora ainda alguém ali amiga amigas amigo amigos amor ao aqui assim até atendente bem bem-vindo bem-vinda boa boas bom
bons cada capitão caro cara caros colega colegas comigo como cliente clientes com da de desculpa desculpe desculpem
dia diretor do dois domingo dona doutor doutora e é ela ele eles em empresa equipa equipe era essa esse esta este
estou eu família favor fala filha filho galera gente gostaria gostava há hoje isso já lá linda
lindo loja mãe mais mana mano manhã mas me meu meus minha moça moço mundo muito nada não ninguém no noite nós nossa
nosso o obrigada obrigado oi olá onde os ou pai para pessoal pessoas podem pode poderia por porque posso preciso
prezada prezado prezados professor professora quando queria quem querida querido quero rapaz saudações se segunda seja
sem senhor senhora senhores senhoras ser serviço sexta sim sou sua suporte também tarde tardes tenho terça time
todos todas toda tudo tu um uma utilizador usuário vendedor vizinho vocês você quarta quinta sábado janeiro fevereiro
março maio junho julho setembro outubro novembro dezembro brasil portugal lisboa
ahir algú amb amic amics amiga amigues això aquí aquest aquesta avui bé benvinguda benvingut benvolguda benvolguts
bona bones bon cap capità casa clienta client clients companya companys companyes cosa cua d'acord de dia dijous
dilluns dimarts dimecres diumenge dissabte divendres disculpa disculpi disculpeu
ei ell els ella em ens equip era és està estic estimada estimat família fins gent gràcies ha haig hem he home i jo ja
mare meu món molt moltes nen nit no noi noia nois noies nosaltres o on per però pare perdona perdoni perfecte persona
puc podeu podríeu qui què quan quant salut sí sisplau senyor senyora senyors si sóc soc suport tarda tarde tardes te
teniu tinc tothom tots totes un una usuari vaig veí veïns vendes vol voldria volia vosaltres vostè vull gener febrer
març juny juliol agost setembre octubre desembre catalunya
"""
# In the line below "Regards," these are a firm's or a job's.
_FIRMS = """
home kids factory express market travel energy energía insurance seguros fitness sport sports beauty pharma motors foods
sl s.l. sa s.a. slu ltd ltd. llc inc inc. gmbh ag kg plc co co. corp s.r.l. srl spa lda cooperative cooperativa group
grupo gruppe groupe department departamento dept dpto team equipo équipe equipe equip squadra support soporte service
servicio servicios services shop tienda store hotel restaurante restaurant clinic clínica clinica
club asociación association fundación foundation bank banco banca universidad university school escuela colegio
college museum museo ayuntamiento council office oficina solutions soluciones systems sistemas consulting studio
estudio agency agencia media digital tech technologies software online web marina boats wines wine
manager director directora engineer advisor representative coordinator assistant executive ceo cto founder gerente
responsable encargada encargado asesor asesora agente customer atención cliente
"""
FIRMS = frozenset(_FIRMS.casefold().split())
NOT_NAMES = frozenset(
    f"{_ENGLISH} {_SPANISH} {_FRENCH} {_GERMAN} {_ITALIAN_PORTUGUESE_CATALAN} {_FIRMS}".casefold().split()
)
