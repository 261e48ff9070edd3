"""What chat apps write into an export themselves, in their users' languages: media, deleted, edited, system notes."""

import re

_MARK = "\u200e"
_MEDIA = re.compile(
    r"<[^<>]{3,40}>|\[(?:photo|sticker|video|voice message|file|location|foto|v[ií]deo|archivo|ubicaci[oó]n)\]"
    r"|(?:image|video|audio|voice message|sticker|gif|document|contact card|photo) omitted"
    r"|(?:imagen|foto|gif|v[ií]deo|audio|sticker|documento|nota de voz|tarjeta de contacto) omitid[oa]"
    r"|(?:bild|video|audio|sticker|gif|dokument|kontaktkarte) weggelassen"
    r"|(?:image|vid[ée]o|audio|sticker|gif|document|fiche contact) (?:absente?|omise?)"
    r"|(?:imagem|v[ií]deo|[áa]udio|figurinha|gif|documento|cart[ãa]o do contato) (?:ocultad|omitid)[oa]"
    r"|(?:immagine|video|audio|sticker|gif|documento|scheda contatto) omess[oa]"
    r"|(?:afbeelding|video|audio|sticker|gif|document|contactkaart) weggelaten"
    r"|(?:pominięto (?:obraz|multimedia|wideo|film|naklejkę|dokument|dźwięk|audio|gif))"
    r"|(?:изображение|видео|аудиофайл|аудио|стикер|документ|gif|медиафайл)"
    r" (?:пропущено?|отсутствует|не добавлен[оа]?|опущен[оа]?)"
    r"|(?:görüntü|resim|video|ses|çıkartma|belge|gif|medya) dahil edilmedi"
    r"|\[(?:sticker|스티커|사진|동영상|파일|スタンプ|写真|動画|ファイル|图片|圖片|貼圖|贴图|视频|影片|语音|文件|檔案)\]"
    r"|(?:사진|동영상|이모티콘|삭제된 사진)|(?:画像|動画|音声|スタンプ|文書) ?は?(?:含まれていません|省略されました)"
    r"|(?:图像|图片|视频|音频|贴图|文档)(?:已)?(?:省略|忽略)|(?:圖像|圖片|影片|音訊|貼圖|文件)(?:已)?(?:省略|略去)"
    r"|(?:التصوير|صورة|فيديو|صوت|ملصق|مستند) (?:محذوفة?|غير مدرجة?)"
    r"|(?:תמונה|סרטון|שמע|סטיקר|מסמך) (?:הושמטה?|לא נכללה?)",
    re.I,
)
_ATTACHED = re.compile(
    r"<(?:attached|adjunto|anhang|anexado|pi[èe]ce jointe|allegato|bijlage):[^<>]{1,200}>"
    r"|[^\s].{0,200}? \((?:file attached|archivo adjunto|datei angehängt|arquivo anexado|fichier joint|file allegato|"
    r"bestand bijgevoegd)\)",
    re.I,
)
_DELETED = re.compile(
    r"this message was deleted|you deleted this message|this message has been deleted|message deleted"
    r"|se elimin[óo] este mensaje|eliminaste este mensaje|este mensaje (?:fue|se) elimin\w+|mensaje eliminado"
    r"|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht|ce message a été supprimé"
    r"|(?:esta )?mensagem (?:foi )?apagada|(?:questo messaggio è stato eliminato|hai eliminato questo messaggio)"
    r"|dit bericht is verwijderd|je hebt dit bericht verwijderd|<deleted>"
    r"|(?:você apagou|apagaste) esta mensagem|esta mensagem foi eliminada|vous avez supprimé ce message"
    r"|ta wiadomość została usunięta|usunię(?:to tę|to) wiadomość|usunął[ea]ś tę wiadomość|ta wiadomość usunięta"
    r"|(?:данное |это )?сообщение (?:было )?удалено|вы удалили (?:данное|это) сообщение"
    r"|(?:це|дане) повідомлення (?:було )?видалено"
    r"|bu mesaj silindi|bu mesajı sildiniz|tento? zpráva byla (?:smazána|odstraněna)"
    r"|tato zpráva byla (?:smazána|odstraněna)"
    r"|acest mesaj a fost șters|ai șters acest mesaj|az üzenet törölve(?: lett)?|ezt az üzenetet törölték"
    r"|αυτό το μήνυμα διαγράφηκε|det(?:te|ta)? (?:här )?meddelande(?:t)? (?:har tagits bort|togs bort|raderades)"
    r"|denne (?:beskeden blev slettet|meldingen ble slettet)|(?:tämä )?viesti (?:on )?poistettu|tämä viesti poistettiin"
    r"|aquest missatge s'ha (?:suprimit|eliminat)|mezu hau ezabatu da|esta mensaxe eliminouse"
    r"|pesan ini (?:telah )?dihapus"
    r"|(?:tin nhắn này đã bị xóa|bạn đã xóa tin nhắn này)|ข้อความนี้ถูกลบ(?:แล้ว)?"
    r"|यह संदेश (?:मिटाया|हटा दिया) गया(?: था)?"
    r"|הודעה זו נמחקה|(?:מחקת|את/ה מחקת) הודעה זו|(?:تم حذف هذه الرسالة|حُذفت هذه الرسالة|لقد حذفت هذه الرسالة)"
    r"|このメッセージは削除されました|このメッセージを削除しました|メッセージの送信を取り消しました"
    r"|(?:此消息已(?:被)?删除|你已?删除了?(?:此|这条)消息|此訊息已(?:被)?刪除|您?已?刪除了?此訊息|此訊息已收回|你已收回訊息)"
    r"|(?:삭제된 메시지입니다|이 메시지는 삭제되었습니다|이 메시지를 삭제했습니다|메시지가 삭제되었습니다)",
    re.I,
)
_SYSTEM = re.compile(
    r"messages and calls are end-to-end encrypted|messages to this (?:chat|group) .{0,40}end-to-end"
    r"|los mensajes y (?:las )?llamadas|nachrichten und anrufe sind|as mensagens e (?:as )?(?:chamadas|ligações)"
    r"|les messages et (?:les )?appels|i messaggi e le chiamate|berichten en (?:gesprekken|oproepen) (?:zijn|worden)"
    r"|this business (?:uses|is now using)|esta empresa (?:usa|utiliza)|waiting for this message"
    r"|esperando (?:el|este) mensaje|(?:missed|silenced) (?:voice|video) call|(?:video)?llamada(?: de v\w+)? perdida",
    re.I,
)
_EDITED = re.compile(
    r"\s*\u200e?<[^<>]{0,40}(?:edited|edit[óo]|editad[oa]|bearbeitet|modifi[ée]|modificato|bewerkt"
    r"|edytowan|изменен|отредактирован|düzenlendi|נערכה|تعديل|編集|编辑|編輯|수정|redigerat|redigeret|redigert|muokattu"
    r"|upraven)[^<>]{0,20}>\s*$",
    re.I,
)
_MOST_WORDS = 4
_LONGEST_NOTE = 300


def judged(text: str) -> tuple[str, str]:
    """What a phone's message says, and why it is no dialogue ("" when it is).

    >>> judged("<Media omitted>"), judged("IMG-1.jpg (file attached)\\nLook!")
    (('', 'media, no text'), ('Look!', ''))
    """
    bare = text.strip(_MARK + " \n")
    if _DELETED.fullmatch(bare.rstrip(".。")):
        return "", "deleted message"
    if _SYSTEM.match(bare):
        return "", "system line"
    head, _, below = bare.partition("\n")
    # An iPhone marks its own words with an invisible sign: "image omitted" in whatever language.
    own = text.startswith(_MARK) and len(head.split()) <= _MOST_WORDS
    head = head.strip(_MARK + " ")
    attached = _ATTACHED.search(head) if len(head) <= _LONGEST_NOTE and head.endswith((")", ">")) else None
    if attached:
        below = f"{head[: attached.start()]}{head[attached.end() :]}\n{below}"
    elif not own and not _MEDIA.fullmatch(head):
        return text, ""
    below = below.strip(_MARK + " \n")
    return (below, "") if below else ("", "media, no text")


def unedited(text: str) -> tuple[str, bool]:
    """The text without the app's note that it was edited, and whether there was one."""
    found = _EDITED.search(text[-100:]) if text.endswith((">", "> ")) else None
    return (text[: len(text) - len(text[-100:]) + found.start()], True) if found else (text, False)
