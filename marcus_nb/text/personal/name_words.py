"""Words of greetings, closings and names in seven languages, by which `names` finds its way. Casefolded."""

import re

# What stands before a name, abbreviated or whole.
TITLE = re.compile(
    r"(?:(?:mr|mrs|ms|mx|miss|dr|prof|sir|sr|sra|srta|d|dª|dña|mme|mlle|m|herrn?|frau|fr|hr|sig|sig\.ra|dott|dra"
    r"|prof\.?ª|eng)\.(?: ?ª)?|dª|dña|mr|mrs|ms|miss|dr|prof|sr|sra|srta|don|doña|señora?|señorita|señor"
    r"|famil(?:ia|y|le|ie|lia)|monsieur|madame|mademoiselle|mme|mlle|herrn?|frau|signora?|signore|signorina|senhora?"
    r"|senhor|dona|senyora?|senyor|en|na)[ \t]{1,2}",
    re.IGNORECASE,
)
_OPENERS = """
hola hi hello hey hiya heya ei hei ep kaixo aupa oye muy holi dear dearest greetings howdy good morning afternoon
evening welcome buenas buen buenos estimado
estimada apreciado apreciada querido querida bienvenido bienvenida bonjour bonsoir salut coucou chère chere cher hallo
servus moin guten grüß gruess grüss liebe lieber liebes sehr werter werte ciao salve buongiorno buonasera buona
gentile egregio caro cara olá ola oi bom boa prezado prezada bon bona bones benvolgut benvolguda estimat hei hej
thanks thank many cheers sorry ok okay yes no sure great perfect right aye well bye goodbye congratulations gracias
muchas mil vale perfecto sí si claro adiós adios genial lo perdona disculpa de merci oui désolé désolée desole desolee
danke vielen ja nein grazie obrigado obrigada gracies gràcies
"""
# The first words of what opens a message or a sentence and may be followed by a name.
OPENERS = frozenset(_OPENERS.split())
_CLOSINGS = """
regards|best regards|kind regards|kindest regards|warm regards|warmest regards|best|all the best|best wishes
with best wishes|cheers|thanks|thanks again|many thanks|thank you|thanks in advance|thank you in advance
thanks and regards|thanks & regards|thanks a lot|sincerely|yours sincerely|yours faithfully|yours truly
sincerely yours|yours|respectfully|love|take care|warmly|cordially|rgds|br|thx
un saludo|saludos|saludos cordiales|un cordial saludo|cordial saludo|cordialmente|atentamente|atte|atte.
muy atentamente|gracias|muchas gracias|gracias de antemano|muchas gracias de antemano|gracias y un saludo
gracias y saludos|un abrazo|abrazos|un fuerte abrazo|besos|un beso|reciba un cordial saludo|le saluda atentamente
quedo a la espera|saludos y gracias|un saludo y gracias|un cordial saludo y gracias
cordialement|bien cordialement|bien à vous|bien à toi|merci|merci d'avance|merci beaucoup|salutations
sincères salutations|salutations distinguées|amicalement|bonne journée|à bientôt|bises
mit freundlichen grüßen|mit freundlichen grüssen|mfg|viele grüße|liebe grüße|beste grüße|freundliche grüße
herzliche grüße|schöne grüße|lg|vg|gruß|grüße|vielen dank|danke|mit besten grüßen|hochachtungsvoll
cordiali saluti|distinti saluti|un saluto|saluti|grazie|grazie mille|a presto|un caro saluto|cumprimentos
com os melhores cumprimentos|melhores cumprimentos|atenciosamente|obrigado|obrigada|muito obrigado|muito obrigada
abraço|abraços|um abraço|atentamente|salutacions|salutacions cordials|atentament|gràcies|moltes gràcies
una salutació|una abraçada
"""
CLOSINGS = frozenset(closing for line in _CLOSINGS.casefold().strip().split("\n") for closing in line.split("|"))
# Closings of which a name may follow without a comma: "Un saludo Ana".
_FORMAL = """
regards kind best warm un saludo saludos atentamente cordialement mit viele cordiali distinti
"""
FORMAL = frozenset(_FORMAL.split())
_PARTICLES = """
de del la las los da do dos das di della van von der den du le bin al ben mac st
"""
PARTICLES = frozenset(_PARTICLES.split())
# Names that are in the list of what is no name as well; where a greeting is sure they are names.
_BOTH = """
jo ali ben ella mia cara guy marina sol abril julio linda león ángel mar paz luz caro domingo
rey reina mayo may april august june loris sue grace hope
dean dolly angel stella salvador will mark rose
"""
BOTH = frozenset(_BOTH.split())
