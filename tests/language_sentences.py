"""Short sentences as shops and helpdesks answer with, 35 in each of nine languages, written for these tests.

Some are without accents, in lower case, or full of names of things and places: so people write.
"""

SENTENCES = {
    "en": """
        Your parcel left our warehouse this morning and should reach you by Thursday.
        Sorry about that, the left oar was cracked, we'll swap it for a new one.
        You can return the shoes within thirty days, no questions asked.
        we open at nine on saturdays and we're closed on sunday
        I've just sent you the invoice again, have a look in your spam folder too.
        The blue one is sold out but we still have it in green and grey.
        Could you send me a photo of the label on the back of the machine?
        Your refund has been approved and takes three to five working days.
        Aye, skipper, the boats are tied up by the north landing, mind the tide.
        Nope, no dogs on the terrace, but they're very welcome in the garden.
        Paella, gazpacho, patatas bravas and croquetas are all on tonight's menu.
        The flat in Gràcia sleeps four and has a lift and air conditioning.
        Try switching the router off, wait ten seconds, then switch it on again.
        lol no worries mate, happens to everyone, see you next week then
        Please don't wash it above thirty degrees or the wool will shrink.
        We can keep the table for fifteen minutes, after that it goes to the next guests.
        A gift voucher never expires, so keep it for as long as you like.
        Our baker starts at four, so the rye bread is ready when we open.
        Thanks for letting us know, I've passed this on to the driver.
        The password must have at least eight characters and one capital letter.
        Your appointment with Dr Fernández is confirmed for Monday afternoon.
        Delivery to the islands costs a little more and takes two days longer.
        If the screen stays black, hold the power button down for half a minute.
        That train runs from Sants to Figueres every hour, also at weekends.
        Children under six ride for free when an adult is on board.
        I'm afraid the kitchen closes at ten, but the bar stays open late.
        Which size do you usually wear, and do you like a loose fit?
        Good news, the spare part arrived, come by whenever it suits you.
        You'll find the serial number under the battery, on a small white sticker.
        There is a bus stop right outside, take the number nine from the centre.
        Your subscription has been cancelled, nothing more will be charged.
        The Rioja goes well with lamb, the Albariño rather with fish.
        Honey from last summer is nearly gone, the new jars come in June.
        Let me check with my colleague and get back to you before lunch.
        The deposit is forty pounds and you get it back with the keys.
    """,
    "es": """
        Su pedido salió esta mañana del almacén y le llegará mañana antes de comer.
        Perdona las molestias, te mandamos uno nuevo hoy mismo sin coste.
        Puede devolverlo en un plazo de treinta días con el ticket de compra.
        los domingos cerramos pero el sabado abrimos hasta las ocho
        Le he vuelto a enviar la factura, mire también en la carpeta de spam.
        En azul ya no nos queda, pero lo tenemos en verde y en gris.
        ¿Me puede mandar una foto de la etiqueta que hay detrás de la máquina?
        El reembolso está aprobado y tarda entre tres y cinco días laborables.
        Claro que sí, las barcas salen del muelle norte cada media hora.
        No se admiten perros en la terraza, pero en el jardín sin problema.
        hola buenas, si, tenemos mesa para cuatro a las nueve y media
        El piso de Gràcia tiene ascensor, aire acondicionado y dos habitaciones.
        Apague el router, espere diez segundos y vuelva a encenderlo.
        jajaja tranquila, le pasa a todo el mundo, nos vemos la semana que viene
        No lo lave a más de treinta grados o la lana encogerá.
        Le guardamos la mesa quince minutos, después pasa a los siguientes.
        El cheque regalo no caduca, así que úselo cuando quiera.
        El panadero empieza a las cuatro y el pan de centeno está listo al abrir.
        Gracias por avisar, ya se lo he dicho al repartidor.
        La contraseña debe tener ocho caracteres y al menos una mayúscula.
        Su cita con el doctor Smith queda confirmada para el lunes por la tarde.
        El envío a Baleares cuesta un poco más y tarda dos días más.
        Si la pantalla sigue negra, mantenga pulsado el botón medio minuto.
        El tren de Sants a Figueres sale cada hora, también los fines de semana.
        Los niños menores de seis años viajan gratis con un adulto.
        Lo siento, la cocina cierra a las diez, pero el bar sigue abierto.
        ¿Qué talla sueles usar y cómo te gusta que te quede?
        Buenas noticias, ha llegado el recambio, pásese cuando le venga bien.
        El número de serie está debajo de la batería, en una pegatina blanca.
        Hay una parada de autobús en la puerta, coja el nueve desde el centro.
        Hemos cancelado su suscripción y no se le cobrará nada más.
        Che, vos fijate si te llego el mail, sino te lo mando de nuevo.
        Ahorita le paso el link del checkout para que haga el pago con tarjeta.
        Déjeme que lo consulte con mi compañera y le digo algo antes de comer.
        La fianza son cuarenta euros y se la devolvemos al entregar las llaves.
    """,
    "ca": """
        La seva comanda ha sortit aquest matí del magatzem i arribarà demà.
        Perdona les molèsties, te n'enviem un de nou avui mateix sense cost.
        Ho pot tornar en un termini de trenta dies amb el tiquet de compra.
        els diumenges tanquem pero el dissabte obrim fins a les vuit
        Li he tornat a enviar la factura, miri també a la carpeta de brossa.
        En blau ja no ens en queda, però el tenim en verd i en gris.
        Em pot enviar una foto de l'etiqueta que hi ha darrere de la màquina?
        El reemborsament està aprovat i triga entre tres i cinc dies feiners.
        I tant que sí, les barques surten del moll nord cada mitja hora.
        No s'admeten gossos a la terrassa, però al jardí cap problema.
        hola bones, si, tenim taula per a quatre a dos quarts de deu
        El pis de Gràcia té ascensor, aire condicionat i dues habitacions.
        Apagui l'encaminador, esperi deu segons i torni'l a engegar.
        tranquil·la, li passa a tothom, ens veiem la setmana vinent
        No el renti a més de trenta graus o la llana s'encongirà.
        Li guardem la taula un quart d'hora, després passa als següents.
        El xec regal no caduca, així que faci'l servir quan vulgui.
        El forner comença a les quatre i el pa de sègol és a punt quan obrim.
        Gràcies per avisar, ja li he dit al repartidor.
        La contrasenya ha de tenir vuit caràcters i com a mínim una majúscula.
        La seva visita amb la doctora queda confirmada per dilluns a la tarda.
        L'enviament a les Illes costa una mica més i triga dos dies més.
        Si la pantalla continua negra, mantingui premut el botó mig minut.
        El tren de Sants a Figueres surt cada hora, també els caps de setmana.
        Els nens de menys de sis anys viatgen de franc amb un adult.
        Ho sento, la cuina tanca a les deu, però el bar continua obert.
        Quina talla fas servir normalment i com t'agrada que et quedi?
        Bones notícies, ha arribat el recanvi, passi quan li vagi bé.
        El número de sèrie és sota la bateria, en un adhesiu blanc petit.
        Hi ha una parada d'autobús davant mateix, agafi el nou des del centre.
        Hem cancel·lat la seva subscripció i no se li cobrarà res més.
        Deixi'm que ho consulti amb la meva companya i li dic alguna cosa.
        La fiança són quaranta euros i la hi tornem quan ens doni les claus.
        Aquest formatge és d'ovella, curat sis mesos, i el fan aquí al poble.
        No pateixis, si et va petit te'l canviem per una talla més gran.
    """,
    "gl": """
        O seu pedido saíu esta mañá do almacén e chegaralle mañá antes de xantar.
        Perdoe as molestias, mandámoslle un novo hoxe mesmo sen custo ningún.
        Pode devolvelo nun prazo de trinta días co tícket de compra.
        os domingos pechamos pero o sabado abrimos ata as oito
        Volvinlle enviar a factura, mire tamén no cartafol do correo lixo.
        En azul xa non nos queda, pero témolo en verde e en gris.
        Pódeme mandar unha foto da etiqueta que hai detrás da máquina?
        O reembolso está aprobado e tarda entre tres e cinco días laborables.
        Claro que si, as barcas saen do peirao norte cada media hora.
        Non se admiten cans na terraza, pero no xardín non hai problema.
        ola boas, si, temos mesa para catro ás nove e media
        O piso ten ascensor, aire acondicionado e dous cuartos de baño.
        Apague o router, agarde dez segundos e volva acendelo.
        tranquila muller, pásalle a todo o mundo, vémonos a semana que vén
        Non o lave a máis de trinta graos ou a la encollerá.
        Gardámoslle a mesa quince minutos, despois pasa aos seguintes.
        O cheque agasallo non caduca, así que úseo cando queira.
        O panadeiro comeza ás catro e o pan de centeo está listo ao abrir.
        Grazas por avisar, xa llo dixen ao repartidor.
        O contrasinal debe ter oito caracteres e polo menos unha maiúscula.
        A súa cita coa doutora queda confirmada para o luns pola tarde.
        O envío ás illas custa un pouco máis e tarda dous días máis.
        Se a pantalla segue negra, manteña premido o botón medio minuto.
        O tren de Vigo á Coruña sae cada hora, tamén as fins de semana.
        Os nenos menores de seis anos viaxan de balde cun adulto.
        Síntoo, a cociña pecha ás dez, pero o bar segue aberto.
        Que talla adoitas usar e como che gusta que che quede?
        Boas novas, chegou o recambio, pase cando lle veña ben.
        O número de serie está debaixo da batería, nunha pegatina branca.
        Hai unha parada de autobús na porta, colla o nove desde o centro.
        Cancelamos a súa subscrición e non se lle cobrará nada máis.
        Déixeme que o consulte coa miña compañeira e dígolle algo axiña.
        A fianza son corenta euros e devolvémosllela ao entregar as chaves.
        Este queixo é de vaca, curado seis meses, e fano aquí na aldea.
        Non te preocupes, se che queda pequeno cambiámosche a talla.
    """,
    "pt": """
        A sua encomenda saiu hoje de manhã do armazém e chega amanhã.
        Desculpe o incómodo, enviamos um novo hoje mesmo sem custos.
        Pode devolver o artigo no prazo de trinta dias com o recibo.
        aos domingos fechamos mas no sabado abrimos ate as oito
        Enviei-lhe a fatura outra vez, veja também na pasta de spam.
        Em azul já não temos, mas ainda há em verde e em cinzento.
        Pode mandar-me uma fotografia da etiqueta atrás da máquina?
        O reembolso foi aprovado e demora entre três e cinco dias úteis.
        Claro que sim, os barcos saem do cais norte a cada meia hora.
        Não aceitamos cães na esplanada, mas no jardim não há problema.
        oi, tudo bem? temos sim mesa pra quatro às nove e meia
        O apartamento tem elevador, ar condicionado e dois quartos.
        Desligue o roteador, espere dez segundos e ligue de novo.
        kkkk relaxa, acontece com todo mundo, até a semana que vem
        Não lave acima de trinta graus, senão a lã encolhe.
        Guardamos a mesa quinze minutos, depois passa para os seguintes.
        O cheque-prenda não tem validade, por isso use quando quiser.
        O padeiro começa às quatro e o pão de centeio está pronto ao abrir.
        Obrigado por avisar, já falei com o motorista da entrega.
        A senha deve ter oito caracteres e pelo menos uma letra maiúscula.
        A sua consulta com a doutora está confirmada para segunda à tarde.
        O envio para as ilhas custa um pouco mais e demora mais dois dias.
        Se o ecrã continuar preto, carregue no botão durante meio minuto.
        O comboio do Porto para Braga parte a cada hora, também ao domingo.
        As crianças com menos de seis anos viajam de graça com um adulto.
        Lamento, a cozinha fecha às dez, mas o bar continua aberto.
        Que tamanho você costuma usar e como gosta que fique?
        Boas notícias, a peça chegou, passe cá quando lhe der jeito.
        O número de série está por baixo da bateria, num autocolante branco.
        Há uma paragem de autocarro à porta, apanhe o nove no centro.
        Cancelámos a sua assinatura e nada mais lhe será cobrado.
        Deixe-me falar com a minha colega e já lhe digo alguma coisa.
        A caução são quarenta euros e devolvemos quando entregar as chaves.
        Este queijo é de ovelha, curado seis meses, e é feito na aldeia.
        Não se preocupe, se ficar pequeno a gente troca pelo maior.
    """,
    "fr": """
        Votre commande est partie ce matin de l'entrepôt et arrivera demain.
        Désolé pour la gêne, nous vous en envoyons un neuf aujourd'hui.
        Vous pouvez le retourner sous trente jours avec le ticket de caisse.
        le dimanche on est ferme mais le samedi on ouvre jusqu'a vingt heures
        Je vous ai renvoyé la facture, regardez aussi dans les indésirables.
        En bleu il n'y en a plus, mais nous l'avons en vert et en gris.
        Pouvez-vous m'envoyer une photo de l'étiquette derrière la machine ?
        Le remboursement est accepté et prend de trois à cinq jours ouvrés.
        Bien sûr, les barques partent du quai nord toutes les demi-heures.
        Pas de chiens en terrasse, mais dans le jardin pas de problème.
        coucou, oui on a une table pour quatre a vingt et une heures
        L'appartement a un ascenseur, la climatisation et deux chambres.
        Éteignez le routeur, attendez dix secondes et rallumez-le.
        mdr t'inquiète, ça arrive à tout le monde, à la semaine prochaine
        Ne le lavez pas à plus de trente degrés, sinon la laine rétrécit.
        Nous gardons la table un quart d'heure, ensuite elle est aux suivants.
        Le chèque cadeau n'expire pas, utilisez-le quand vous voulez.
        Le boulanger commence à quatre heures et le pain de seigle est prêt.
        Merci de nous avoir prévenus, je l'ai dit au livreur.
        Le mot de passe doit avoir huit caractères et une majuscule.
        Votre rendez-vous avec le docteur est confirmé pour lundi après-midi.
        L'envoi vers la Corse coûte un peu plus et prend deux jours de plus.
        Si l'écran reste noir, maintenez le bouton pendant trente secondes.
        Le train de Lyon à Dijon part toutes les heures, le week-end aussi.
        Les enfants de moins de six ans voyagent gratuitement avec un adulte.
        Je regrette, la cuisine ferme à dix heures, mais le bar reste ouvert.
        Quelle taille portez-vous d'habitude, et plutôt ample ou ajusté ?
        Bonne nouvelle, la pièce est arrivée, passez quand vous voulez.
        Le numéro de série est sous la batterie, sur une étiquette blanche.
        Il y a un arrêt de bus devant la porte, prenez le neuf au centre.
        Votre abonnement est résilié et plus rien ne sera prélevé.
        Laissez-moi demander à ma collègue, je reviens vers vous avant midi.
        La caution est de quarante euros, rendue avec les clés.
        Ce fromage de brebis est affiné six mois, ici au village.
        Ne vous en faites pas, s'il est trop petit nous l'échangeons.
    """,
    "it": """
        Il suo ordine è partito stamattina dal magazzino e arriva domani.
        Ci scusi per il disagio, gliene mandiamo uno nuovo oggi stesso.
        Può restituirlo entro trenta giorni con lo scontrino.
        la domenica siamo chiusi ma il sabato apriamo fino alle otto
        Le ho mandato di nuovo la fattura, guardi anche nello spam.
        In blu non ne abbiamo più, ma c'è in verde e in grigio.
        Mi può mandare una foto dell'etichetta dietro la macchina?
        Il rimborso è approvato e ci vogliono da tre a cinque giorni lavorativi.
        Certo, le barche partono dal molo nord ogni mezz'ora.
        Niente cani in terrazza, ma in giardino non c'è problema.
        ciao, si, abbiamo un tavolo per quattro alle nove e mezza
        L'appartamento ha l'ascensore, l'aria condizionata e due camere.
        Spenga il router, aspetti dieci secondi e lo riaccenda.
        ahah tranquilla, capita a tutti, ci vediamo la settimana prossima
        Non lo lavi a più di trenta gradi, altrimenti la lana si restringe.
        Le teniamo il tavolo un quarto d'ora, poi passa ai prossimi.
        Il buono regalo non scade, quindi lo usi quando vuole.
        Il fornaio comincia alle quattro e il pane di segale è pronto presto.
        Grazie per averci avvisato, l'ho già detto al corriere.
        La password deve avere otto caratteri e almeno una maiuscola.
        La sua visita con la dottoressa è confermata per lunedì pomeriggio.
        La spedizione in Sardegna costa un po' di più e richiede due giorni in più.
        Se lo schermo resta nero, tenga premuto il tasto per mezzo minuto.
        Il treno da Milano a Como parte ogni ora, anche nel fine settimana.
        I bambini sotto i sei anni viaggiano gratis con un adulto.
        Mi dispiace, la cucina chiude alle dieci, ma il bar resta aperto.
        Che taglia porta di solito, e come le piace che vesta?
        Buone notizie, è arrivato il ricambio, passi quando le va bene.
        Il numero di serie è sotto la batteria, su un adesivo bianco.
        C'è una fermata dell'autobus qui davanti, prenda il nove dal centro.
        Abbiamo disdetto il suo abbonamento e non pagherà altro.
        Mi lasci chiedere alla mia collega e le faccio sapere prima di pranzo.
        La cauzione è di quaranta euro e gliela ridiamo con le chiavi.
        Questo formaggio è di pecora, stagionato sei mesi, e lo fanno qui.
        Non si preoccupi, se è piccolo glielo cambiamo con la taglia più grande.
    """,
    "de": """
        Ihre Bestellung ist heute früh raus und sollte morgen bei Ihnen sein.
        Entschuldigen Sie die Umstände, wir schicken Ihnen heute ein neues.
        Sie können es innerhalb von dreißig Tagen mit dem Bon zurückgeben.
        sonntags haben wir zu, aber samstags ist bis acht offen
        Ich habe Ihnen die Rechnung noch einmal geschickt, auch im Spam nachsehen.
        In Blau ist es ausverkauft, aber in Grün und Grau haben wir es noch.
        Können Sie mir ein Foto vom Etikett hinten an der Maschine schicken?
        Die Erstattung ist genehmigt und dauert drei bis fünf Werktage.
        Na klar, die Boote legen jede halbe Stunde am Nordsteg ab.
        Auf der Terrasse leider keine Hunde, im Garten gern.
        hallo, ja wir haben noch einen tisch für vier um halb zehn
        Die Wohnung hat einen Aufzug, eine Klimaanlage und zwei Zimmer.
        Schalten Sie den Router aus, warten Sie kurz und schalten ihn wieder ein.
        haha kein Stress, das passiert jedem, bis nächste Woche dann
        Bitte nicht über dreißig Grad waschen, sonst läuft die Wolle ein.
        Wir halten den Tisch eine Viertelstunde frei, dann bekommen ihn andere.
        Der Gutschein läuft nicht ab, also nutzen Sie ihn, wann Sie wollen.
        Unser Bäcker fängt um vier an, das Roggenbrot ist fertig, wenn wir öffnen.
        Danke für den Hinweis, ich habe es dem Fahrer gesagt.
        Das Passwort braucht acht Zeichen und mindestens einen Großbuchstaben.
        Ihr Termin bei der Ärztin ist für Montagnachmittag bestätigt.
        Der Versand auf die Inseln kostet etwas mehr und dauert zwei Tage länger.
        Bleibt der Bildschirm schwarz, halten Sie den Knopf eine halbe Minute gedrückt.
        Der Zug von Köln nach Bonn fährt jede Stunde, auch am Wochenende.
        Kinder unter sechs fahren mit einem Erwachsenen umsonst mit.
        Tut mir leid, die Küche schließt um zehn, die Bar bleibt aber offen.
        Welche Größe tragen Sie sonst, und mögen Sie es eher weit?
        Gute Nachricht, das Ersatzteil ist da, kommen Sie einfach vorbei.
        Die Seriennummer steht unter dem Akku auf einem weißen Aufkleber.
        Die Bushaltestelle ist vor der Tür, nehmen Sie die Neun ab Zentrum.
        Ihr Abo ist gekündigt, es wird nichts mehr abgebucht.
        Ich frage kurz meine Kollegin und melde mich vor dem Mittag.
        Die Kaution beträgt vierzig Euro und Sie bekommen sie zurück.
        Dieser Käse ist vom Schaf, sechs Monate gereift, hier aus dem Dorf.
        Keine Sorge, ist es zu klein, tauschen wir es gegen ein größeres.
    """,
    "nl": """
        Uw bestelling is vanochtend vertrokken en komt morgen bij u aan.
        Sorry voor het ongemak, we sturen u vandaag nog een nieuwe.
        U kunt het binnen dertig dagen terugbrengen met de kassabon.
        zondag zijn we dicht maar zaterdag open tot acht uur
        Ik heb u de factuur opnieuw gestuurd, kijk ook even bij de spam.
        In het blauw is hij uitverkocht, maar we hebben hem nog in groen.
        Kunt u een foto sturen van het label achter op de machine?
        De terugbetaling is goedgekeurd en duurt drie tot vijf werkdagen.
        Natuurlijk, de bootjes vertrekken elk half uur van de steiger.
        Geen honden op het terras, maar in de tuin is het geen probleem.
        hoi, ja hoor, we hebben nog een tafel voor vier om half tien
        Het appartement heeft een lift, airco en twee slaapkamers.
        Zet de router uit, wacht tien tellen en zet hem weer aan.
        haha geeft niks joh, overkomt iedereen, tot volgende week
        Niet boven de dertig graden wassen, anders krimpt de wol.
        We houden de tafel een kwartier vrij, daarna gaat hij naar anderen.
        De cadeaubon verloopt niet, dus gebruik hem wanneer u wilt.
        Onze bakker begint om vier uur, dus het roggebrood is op tijd klaar.
        Bedankt voor het melden, ik heb het aan de bezorger gezegd.
        Het wachtwoord moet acht tekens hebben en minstens een hoofdletter.
        Uw afspraak met de dokter is bevestigd voor maandagmiddag.
        Verzenden naar de eilanden kost iets meer en duurt twee dagen langer.
        Blijft het scherm zwart, houd de knop dan een halve minuut ingedrukt.
        De trein van Utrecht naar Zwolle gaat elk uur, ook in het weekend.
        Kinderen onder de zes mogen gratis mee met een volwassene.
        Helaas, de keuken sluit om tien uur, maar de bar blijft open.
        Welke maat draagt u meestal, en houdt u van wat ruimer?
        Goed nieuws, het onderdeel is binnen, kom gerust langs.
        Het serienummer staat onder de accu, op een klein wit stickertje.
        Er is een bushalte voor de deur, neem lijn negen vanuit het centrum.
        Uw abonnement is opgezegd, er wordt niets meer afgeschreven.
        Ik vraag het even aan mijn collega en laat het u voor de lunch weten.
        De borg is veertig euro en die krijgt u terug bij de sleutels.
        Deze kaas is van schapenmelk, zes maanden gerijpt, hier uit het dorp.
        Geen zorgen, is hij te klein dan ruilen we hem voor een grotere.
    """,
}
SENTENCES = {code: [line.strip() for line in text.strip().splitlines()] for code, text in SENTENCES.items()}
