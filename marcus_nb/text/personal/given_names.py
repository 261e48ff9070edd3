"""First names that are frequent where the workbook is used, casefolded; and those that are everyday words as well.

From the frequent names that the statistics offices of Spain, the United Kingdom, the United States, France, Germany,
Italy, Portugal and Brazil publish, and names frequent among people who moved there.
"""

_NAMES = """
vero ane bea isa nando quique kike chema josema juanjo juanma nacho nico santi susi tere rafa teo yoli mireia laia
aina babs jan
xabi txema josu asier garazi leire irune itziar edurne uxía antía brais breixo roi begoña jo mo mª fco mari asun chus
charo pili mamen lolo curro jonatan ainoa unax oier markel biel izaskun arancha
ignasi vicky maría-josé xiaoming jing hui ying hao chinedu ngozi emeka kwame abena fatou moussa mamadou ousmane
aminata bilal hamid rachida soufiane yassine anwar farhan saeed reza mehran leyla emre murat elif deniz burak svitlana
oksana olena andriy oleksandr dmytro volodymyr zbigniew ioan mihai florin ionut gheorghe ramesh suresh sunita lakshmi
anjali neha pooja rohit vijay sanjeev harpreet gurpreet jaswinder nguyen minh linh hiroko kenta oluwafemi chidi folake
tunde yemi ayodele kofi thandi sipho nkosi zanele siddharth arun meera divya nisha asha usha hamish aaron abbie abby
abdul abdullah abel abigail abraham abril ada adam adán adela adelaida adele adolfo adrian adrián adriana adrien agata
agatha agnes agnieszka agustín agustina ahmad ahmed aida aidan aileen aimee ainhoa ainara aisha aitana aitor alain
alan alana alasdair alastair albert alberta alberto aldo alec alejandra alejandro aleksandra alessandra alessandro
alessia alessio alex alexander alexandra alexandre alexia alexis alfie alfonso alfred alfredo ali alice alicia alina
alison alistair allan allen allison alma almudena alonso alvaro álvaro alyssa amaia amalia amanda amara amaya ambre
amelia amelie amélie amin amina amir amit amparo amy ana anaïs anastasia anders andre andré andrea andreas andreea
andreia andrej andrés andres andreu andrew andrzej andy aneta ange angela ángela angeles ángeles angelica angélica
angelina angelo angie angus anika anil anita anja anke ann anna annabel anne anneliese annette annie annika anselm
anthony antje antoine antoni antonia antonella antónio antonio antônio anton antony anouk arantxa aria ariadna ariana
arianna ariel arjun arlo armando arnau arnaud arnold arthur artur arturo asier asif astrid asunción athena aubrey
audrey augustin aurélie aurélien aurelio ava avery axel aya ayesha ayşe ayumi azahara bárbara barbara barnaby barry
bartek bartolomé basil basilio bastian bastien baptiste beatrice beatriz beatrix becky belén belinda ben benedict
benito benjamin benjamín benoît bernard bernarda bernardo bernat bernd berta bertha bertram bess beth bethan bethany
betsy betty beverley bianca bibiana birgit björn blake blanche blas bogdan boris borja brad bradley brandon braulio
breanna brenda brendan brent bret brett brian briana bridget brigitte britta brittany bruce bruna bruno bryan bryn
bryony byron caden caitlin caleb callum calum calvin cameron camila camilla camille camilo candela candice cara carina
carl carla carles carlo carlos carlota carly carme carmela carmelo carmen carol carole carolin caroline carolyn carrie
carsten casey casilda casimir cassandra cassie catalina catarina caterina catherine cathy catriona cayetana cayetano
cécile cecilia cedric cédric celeste celia célia celine céline cesar césar chantal charles charlie charlotte chelsea
chen cheryl chiara chloe chloé chris chrissie christa christelle christian christiane christina christine christoph
christophe christopher christy ciara cinta cindy cintia claire clàudia clare clara clarence clarissa claude claudette
claudia cláudia claudine claudio clement clément clemens clementine cleo cliff clifford clint clive cody colette colin
colleen concepción concha conchita connie connor conor conrad constance constantin cora coral coralie corentin corinne
cornelia cornelius corey cosmin courtney craig cristian cristiana cristiano cristina cristóbal curtis cynthia cyril
dafne daisy dale damaris damian damián damien dan dana daniel daniela daniele danièle daniella danielle danilo danny
dani daphne dario darío darius darlene darren daryl dave david davide davina debbie deborah débora declan deepak
delfina delia delphine denis denise dennis derek dermot desmond devin devon diana diane didier diego dieter dietmar
dilip dimitri dina dino diogo dionisio dirk dmitri dolly dominic dominik dominique donald donna donovan dora doreen
dorian doris dorota dorothea dorothy doug douglas duarte duncan dustin dwayne dylan eamon eddie edgar edith edmund
edmundo edoardo eduard eduarda eduardo edward edwin efraín egon eileen ekaterina elaine elba eleanor elena eleonora
elías elias elijah elin elio elisa elisabet elisabeth elise élise eliseo eliza elizabeth elke ella ellen ellie elliot
elliott elodie élodie eloísa elsa elsie elton elvira emanuel emanuele emil emile emilia emilie émilie emilio emily
emir emma emmanuel emmanuelle encarna encarnación enric enrica enrico enrique enzo erhard eric érica erica erich erik
erika erin ernest ernestina ernesto ernie erwin esmeralda esteban estefanía estela estelle ester esther ethan etienne
étienne eugen eugene eugenia eugenio eulalia euan eunice eusebio eva evan evangelina eve evelina evelyn ewa ewan
ezequiel fabian fabián fabiana fabien fabienne fabio fábio fabiola fabrice fabrizio fadi faisal fanny farah farid
fátima fatima fatma fausto federica federico fedor felicia felicity felicidad felipa felipe félix felix fergus fermín
fern fernanda fernandez fernando ferran fiona flavia flavio fleur flora florencia florent florian floriane fran
frances francesc francesca francesco francine francis francisca francisco franck franco françois françoise frankie
franz franziska fred freda freddie freddy frédéric frederic frederick frederico freya frida frieda friedrich fritz
gabriel gabriela gabriele gabriella gaby gaëlle gaetano gail gareth garry gary gaspar gavin gemma genevieve geneviève
geoff geoffrey george georgie georgina georg georges gerald geraldine gerard gérard gerardo gerd gerda german germán
gerry gertrude gertrudis giacomo giancarlo gianluca gianni gideon gil gilbert gilberto gilda gilles gillian gina
ginette gino giorgia giorgio giovanna giovanni gisela giselle giulia giuliana giulio giuseppe gladys glen glenda glenn
gloria gloriana godfrey gonçalo gonzalo gordon goran graciela graeme graham greg gregor gregorio gregory grégory greta
gretchen grzegorz guadalupe guglielmo guido guilherme guillaume guillem guillermo guillermina gunnar günter günther
gus gustav gustavo gwen gwendolyn hamza hana hanna hannah hannelore hans hanspeter harald harriet harrison harry
harvey hasan hassan hayden hayley heath hector héctor hedwig heidi heike heiko heinrich heinz helen helena helene
hélène helga hélder helmut henri henrietta henrik henrique henry herbert heriberto herman hermann hernán hernan hilary
hilda hildegard hiroshi holger homer horacio horst howard hubert hugh hugo humberto hussein ian iago ibai ibrahim ida
idoia ignacio ignacia íñigo iñigo iñaki igor iker ikram ilaria ilona ilse imanol imogen imran inés ines inês inga inge
ingeborg ingo ingrid inma inmaculada ioana irena irene irina iris irma isa isaac isabel isabela isabella isabelle
isaiah isidoro isidro isla ismael israa itziar iván ivan ivana ivo ivonne izan jack jackie jackson jacob jacobo
jacqueline jacques jaime jaione jake jakob jakub jamal james jamie jan jana jane janet janette janice janina janine
jaqueline jared jasmin jasmine jason jasper jaume javi javier javiera jay jayden jayne jean-luc jean-pierre jeanette
jeanne jeannie jeff jeffrey jelena jemma jennie jennifer jenny jens jeremiah jeremy jérémy jerome jérôme jerónimo
jerry jess jesse jessica jessie jesús jill jillian jim jimena jimmy joan joana joann joanna joanne joão joaquim
joaquín joaquin jochen jodie jody joe joel joelle johan johann johanna johannes john johnny jon jonah jonas jonathan
jonny jordi jordina jörg jorge jorgelina josé jose josefa josefina josep josep-maria joseph josephine joséphine josh
joshua josiah josie josu josué joyce juan juana juanjo juanita juanma juandi jude judit judith judy jules julia júlia
julian julián juliana julianne julie julien juliet julieta juliette julio júlio julius jürgen justin justina justine
justo jutta kai kamal kamil kamila kara karen karim karin karina karl karla karolina karsten kasia kate katarina
katarzyna katharina katherine kathleen kathrin kathryn kathy katia katie katja katrin katrina katy kay kayla kayleigh
keira keith kelly kelsey ken kenji kenneth kenny kerry kerstin kevin khadija khaled khalid kieran kim kimberley
kimberly kirsten kirsty klara klaus koldo konrad kristen kristian kristin kristina krystyna krzysztof kumar kurt kyle
kylie lachlan laetitia laia lamar lana lara larissa larry lars latisha laura lauren laurence laurent laurie lautaro
lavinia lawrence lea léa leah leandro leanne leila leire leigh lena leni lenny leo léo leon león leonard leonardo
leone leonie leonor leopoldo leroy lesley leslie leticia letizia levi lewis lia liam lidia lídia lilian liliana
lillian lilly lina linda lindsay lindsey linus lionel lisa lisbeth liv livia liz lizzie lizzy lloyd loïc lois lola
lorena lorenzo loretta lori lorna lorraine lothar lotte lottie lou louis louisa louise lourdes luan luana luc luca
lucas lúcia lucía lucia lucian luciana luciano lucie lucien lucila lucinda lucio lucrecia lucy ludmila ludovic ludwig
luigi luis luís luisa luísa luiz lukas luke lupe lutz lydia lyn lynda lynn lynne mabel macarena maddie maddison
madeleine madeline madison magali magda magdalena maggie mahmoud maia maik maike maira maisie maite malcolm malena
malgorzata malik malika mandy manel manfred manoel manolo manon manuel manuela mara marc marcel marcela marceline
marcello marcelo marcia marcin marco marcos marcus marek margaret margarida margarita margaux margot margret maria
maría mariam mariana mariangela marianna marianne mariano maribel marie marie-claire mariela marion mario mário marisa
marisol maritza mariusz marjorie markus marlene marlon marta martha martí martin martín martina martine martyna marvin
mary maryam mason massimo mateo mateu mateus mathias mathieu mathilde matías matias matilda matilde matt matteo
matthew matthias matthieu mattia maud maura maureen maurice mauricio maurizio mauro maximilian maximiliano maxime
maxine maya mayra megan mehdi mehmet mei meike melanie mélanie melina melinda melissa mélissa melvin meredith merche
mercè meritxell mia micaela michael michaela michał michel michela michele michèle michelle mick miguel mikael mike
mikel mila milagros milan milena miles millie milo mina minerva ming mireia mireille mirela mireya miriam mirko mitch
mitchell mohamed mohammad mohammed mohamad moira moisés moises molly mona mónica monica monika mònica monique montse
montserrat morgan morgane morten moses muhammad mustafa myra myriam nacho nadezhda nadia nadine naiara naima nancy
naomi nasser natacha natalia natália natalie natasha nathalie nathan nathaniel naveen neil nekane nélida nelson nerea
néstor nestor neus nia niall nicholas nick nicky nico nicola nicolai nicolás nicolas nicole nicoletta nieves nigel
nikita nikki niklas niko nikolai nikolas nikolaus nil nils nina noa noah noé noel noelia noémie noemí noemi nora
norbert noreen norma norman nour nuno nuria núria nydia octavio odette odile oihane olaf oleg olga oliver oliveira
olivia olivier oliwia ollie oluwaseun omar oriol orla orlando oscar óscar oskar osvaldo oswald otto owen pablo paco
paddy pam pamela paola paolo pascal pascale pascual pasquale pat patrice patricia patrícia patricio patrick patrik
patrizia patsy patty pau paul paula paulina pauline paulo pavel pedro peggy penelope pepa pepe percy pere pérez perry
pete peter petra petronila phil philip philipp philippa philippe phillip phoebe phyllis pia pierre pierrick pietro
pieter pilar pino piotr polly pol poppy prakash preston priscila priscilla priya przemysław quentin quique quim rachel
rachid radu rafa rafael rafaela raffaele rahul rainer raj rajesh ralf ralph ramiro ramón ramon ramona randall randy
raphael raphaël raquel rashid raúl raul ravi raymond raymundo rebeca rebecca rebekah regina reginald régis reinhard
reinhold remi rémi remy renata renate renato renaud rené rene renée reuben rex reyes rhiannon rhys ricarda ricardo
riccardo richard ricky rita rob robbie robert roberta roberto robyn rocco rodney rodolfo rodrigo roger rogelio rohan
roisin roland rolando rolf romain roman román romane romina romualdo romy ron ronald ronan ronnie rory rosa rosalía
rosalie rosalind rosalinda rosana rosanna rosario rosaura rose-marie roseann rosemarie rosemary rosie roser ross
rosalyn roswitha rowan roxana roxane roxanne roy rubén ruben rudi rudolf rudy rufus rui rupert russell rut ruth ryan
sabina sabine sabrina sadie said saïd salem sally salma salvatore sam samantha samir samira samuel samuele sandeep
sandra sandrine sandro sandy sanjay saoirse sara sarah sascha sasha saul saúl saverio scarlett scott sean seán
sébastien sebastian sebastián sebastien selena selina selma serena serge sergei sergi sergio seth shane shannon sharon
shaun shauna shawn sheila shelley sheryl shirley sian sibylle sidney siegfried sienna sigrid silke silvana silvia
sílvia silvio simon simón simona simone sinead siobhán siobhan sofía sofia sofie solange soledad sonia sónia sonja
sonya sophia sophie soraya sören stacey stacy stan stanislaw stanley stefan stefania stefano steffen steffi stella
stéphane stephan stephanie stéphanie stephen steve steven stewart stuart susan susana susann susanna susannah susanne
susie suzanne sven svenja svetlana sylvain sylvia sylvie tabea tabitha tamara tamsin tania tânia tanja tanya tara
tariq tatiana tatjana ted teddy telmo teo teodoro teresa terence teresita terri terry tess tessa thea thelma theo théo
theodor theodora theodore thérèse theresa thiago thibault thierry thilo thomas thorsten tiago tiffany till tim timo
timothy tina tino tobias toby todd tom tomas tomás tomasz tommaso tommy toni tonia tony torben torsten toñi tracey
traci tracy travis trevor trinidad tristan troy trudy txema tyler tyrone úrsula udo ugo ulf uli ulises ulrich ulrike
umberto unai urs ursula uschi uta ute uwe valentín valentin valentina valentino valeria valerie valérie valerio valter
vanesa vanessa vasco vera verena verity vernon verónica veronica veronika véronique vicenç vicent vicenta vicente
vicki victor-manuel víctor viktor vikram vinay vincent vincenzo vinicius violeta violetta virginie virginia virtudes
vittoria vittorio vivian viviana vivien vivienne vladimir volker wade waldo wallace walter wanda wayne wei wendy
werner wendell wesley wilfred wilfried wilhelm willem william williams willie wilma winifred winston wojciech wolfgang
xabier xavi xavier ximena yael yago yann yannick yara yasmin yasmine yasmina yolanda youssef yuki yuri yusuf yvan yves
yvette yvonne zac zachary zack zahra zaira zara zeynep zoe zoé zoë zofia zuzana
"""
_WORDS_TOO = """
abril alba alma amor ángel angel angels april ariel art arte asia august aurora austin autumn blanca bárbara basil
bella belle berry bill bob
bonita brooke brook buddy candela candy carmen caro celeste chance charity chase cherry china chip chuck clara cliff
coral cruz crystal
daisy dale dallas dawn dean desirée destiny dolores domingo don drew duke earl ed eden el esperanza estrella eve
fabian faith faye fe fern flor
flora florence florian forest frank franco gabi gale gay gema gene georgia glen gloria grace grant guy hale harmony
harry hazel heath heather holly hope
hunter inma iris isla israel ivory ivy jack jade jasmine jay jean jesus jewel jordan joy julio june justice kay kim
kit lance laurel leal leo león leon lee leon
lily lima linda lola loris lou love luz luna luke mabel mae mai mar marco mari marina mark marta martes mason max may
mayo melody mercedes
mercy mia miles millie milo mina misty mora morena morgan nat nelson nick nieves nil noel nora norm nova ocean olive
olivia oliva oliver opal
page pan paris pat pau paul paz pearl peg penny pepe perla petra phoenix pilar pino poppy pol prado preston prudence
ray raya reina rex rey reyes rich rita
river rob robin rocco rocío rocio rod roman román rosa rosario rose rosemary rowan royal ruby rusty sage sal salvador
sam sandy santiago santos savannah scarlett
scout serena sierra silver sky skip sol soledad sofia stella sterling stone storm sue summer sunny tad teddy terry
tiffany till trinidad troy ty valentina
valentín valentine valentin vera verdad verity victor victoria viola violeta violet virtudes virginia vita wade ward
wendy west will woody wren pascal salvatore trinity uli iman amparo
remedios consuelo encarnación asunción concepción inmaculada rosario milagros gracia bruno rubio domenica sara nevado
vega lago valle monte
"""
# In a text they are that word too often for any but the surest pattern.
_HARDLY = """
arte amor berry bonita caro chance china duke el eden fe forest hale harmony hunter ivory jewel justice lago leal lima
loris love martes mayo monte mora morena nevado nova ocean opal oliva page pan prado raya reina rey rich river royal
rubio sage scout silver sky skip sterling stone storm valle vega verdad vita west asia till nil pino april-fool
destiny norm
"""
WORDS_TOO = frozenset(_WORDS_TOO.casefold().split())
GIVEN = frozenset(_NAMES.casefold().split()) - {
    "fernandez",
    "oliveira",
    "pérez",
    "williams",
    "german",
    "till",
    "nil",
    "pino",
    "el",
} | (WORDS_TOO - set(_HARDLY.split()))
