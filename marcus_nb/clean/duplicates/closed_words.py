"""Words of seven languages (en es fr de it pt ca) that change an answer, and words that change nothing. Plain forms."""

from marcus_nb.clean.duplicates.plain import plain


def _groups(text: str) -> tuple[tuple[frozenset[str], ...], ...]:
    """A line is a group of meanings; where it has bars, the words between two of them mean the same."""
    lines = [line.split("|") if "|" in line else line.split() for line in text.strip().splitlines()]
    return tuple(tuple(frozenset(plain(word) for word in one.split()) for one in line) for line in lines)


def _all(groups: tuple[tuple[frozenset[str], ...], ...]) -> frozenset[str]:
    return frozenset(word for group in groups for meaning in group for word in meaning)


# Beside one of these nothing but what is no word counts as an error: "can" is not "can't".
_NEGATION_GROUPS = _groups(
    """
    no not never ever nor none nothing nobody neither without with yes yeah nope dont doesnt didnt cant cannot wont isnt
    arent wasnt werent hasnt havent hadnt shouldnt couldnt wouldnt mustnt
    don doesn didn won isn aren wasn weren hasn haven hadn shouldn couldn wouldn mustn
    no nunca jamas nada nadie ninguno ninguna ni sin con si tampoco siempre
    non ne pas jamais rien personne aucun aucune sans avec oui toujours
    nicht nie niemals nichts niemand kein keine keinen ohne mit ja nein immer
    non mai niente nulla nessuno nessuna senza con si sempre
    nao nunca jamais nada ninguem nenhum nenhuma sem com sim sempre
    no mai res ningu cap sense amb si sempre
    """
)
# One of these is never taken for an error of another, and what is no word is taken for an error of one only where no
# other meaning of its line is as near.
DECISIVE_GROUPS = _NEGATION_GROUPS + _groups(
    """
    he she his her him hers we us they them their our
    ella ellos ellas nosotros vosotros
    am pm
    before after until since now later soon today tomorrow yesterday tonight
    morning noon afternoon evening night midnight weekday weekdays weekend weekends
    over under left right north south east west front back inside outside above below
    open opens opened opening | close closed closes closing shut
    more less most least first last next previous early late earlier later
    high low higher lower big small old new hot cold warm full empty free paid
    enter exit arrive leave buy sell send receive start stop begin end win lose accept reject
    antes despues hasta desde ahora luego hoy ayer manana tarde noche mediodia madrugada temprano pronto
    dentro fuera arriba abajo izquierda derecha norte sur este oeste delante detras entrada salida
    abierto abierta abiertos abiertas abre abren abrir | cerrado cerrada cerrados cerradas cierra cierran cerrar
    mas | menos | primero primera | ultimo ultima | proximo proxima | anterior
    alto alta | bajo baja | grande | pequeno pequena | viejo vieja | nuevo nueva | caliente
    frio fria | lleno llena | vacio vacia
    comprar vender enviar recibir empezar terminar aceptar rechazar
    avant apres depuis hier aujourdhui demain matin midi soir nuit
    dedans dehors haut bas gauche droite nord sud est ouest devant derriere
    ouvert ouverte ouvre ouvrent | ferme fermee ferment
    plus moins premier premiere derniere dernier prochain nouveau vieux chaud froid plein vide
    vor nach bis seit gestern heute morgen abend mittag nacht
    drinnen draussen oben unten links rechts norden suden osten westen
    offen geoffnet offnet | geschlossen schliesst
    mehr weniger erste letzte nachste alt neu heiss kalt voll leer
    prima dopo fino ieri oggi domani mattina sera notte
    dentro fuori sinistra destra nord sud est ovest
    aperto aperta apre | chiuso chiusa chiude | piu | meno | primo | ultimo | nuovo | vecchio | caldo | freddo
    pieno | vuoto
    antes depois ate ontem hoje amanha manha tarde noite
    dentro fora acima abaixo esquerda direita norte sul leste oeste
    aberto aberta abre | fechado fechada fecha | mais | menos | primeiro | ultimo | novo | velho | quente | frio
    cheio | vazio
    abans despres ahir avui dema mati tarda nit dins fora amunt avall esquerra dreta nord sud est oest
    obert oberta obre | tancat tancada tanca | mes | menys | primer | darrer | nou
    vell | calent | fred | ple | buit
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    mondays tuesdays wednesdays thursdays fridays saturdays sundays
    lunes | martes | miercoles | jueves | viernes | sabado sabados | domingo domingos
    lundi mardi mercredi jeudi vendredi samedi dimanche
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
    montags dienstags mittwochs donnerstags freitags samstags sonntags
    lunedi martedi mercoledi giovedi venerdi sabato domenica
    segunda terca quarta quinta sexta sabado domingo
    dilluns dimarts dimecres dijous divendres dissabte diumenge
    january february march april may june july august september october november december
    enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
    januar februar marz april mai juni juli august september oktober november dezember
    gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
    janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
    gener febrer marc abril maig juny juliol agost setembre octubre novembre desembre
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million
    half quarter once twice double second third fourth fifth sixth seventh eighth ninth tenth
    cero dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete
    dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento mil millon
    medio media cuarto doble segundo segunda tercero tercera quinto sexto septimo octavo noveno decimo
    deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante
    cinquante soixante cent mille demi quart
    null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf zwanzig dreissig vierzig funfzig sechzig siebzig
    achtzig neunzig hundert tausend halb viertel
    due tre quattro cinque sei sette otto nove dieci undici dodici venti trenta quaranta cinquanta sessanta settanta
    ottanta novanta cento mezzo mezza
    dois duas tres quatro cinco seis sete oito nove dez onze doze vinte trinta quarenta meia
    dos dues tres quatre cinc sis set vuit nou deu onze dotze vint trenta quaranta mig mitja
    """
)
DECISIVE = _all(DECISIVE_GROUPS)
NEGATIONS = _all(_NEGATION_GROUPS)

# Said or left out, the answer is the same.
FILLERS = _all(
    _groups(
        """
        please pls plz ok okay hi hello hey thanks thank thx well so just um uh hmm oh ah
        hola buenas por favor porfa porfavor gracias vale bueno pues eh ay oye
        bonjour salut merci svp alors ben euh bitte hallo danke also ach na
        ciao grazie prego allora beh ola oi obrigado obrigada bom sisplau gracies doncs be
        """
    )
)

# Two of these are two meanings, even where nothing else differs; of an error of one it does not matter which it was.
PERSONS_AND_LINKS = _all(
    _groups(
        """
        my your our his her their me he she we they it and or
        mi mis tu tus su sus me te se nos os y e o u ni
        je tu il elle mon ton son ma ta sa mes tes ses notre votre me te se et ou
        mein dein sein meine deine seine mich dich sich mir dir und oder
        mio tuo suo mia tua sua mi ti si ed od meu teu seu minha ou
        """
    )
)
