package eml

// What bounces in words are known by, in lower case.

var bounceSubjects = []string{
	"undeliver", "un-deliver", "nondeliver", "non-deliver", "not deliver", "returned mail", "returned e-mail", "returned to sender", "return mail", "delivery status", "delivery fail", "delivery has failed", "delivery failed", "delivery error", "delivery problem",
	"delivery notification", "delivery report", "delivery unsuccess", "failure notice", "failed mail", "failed delivery", "mail failure", "mail error", "message error", "could not be delivered", "cannot be delivered", "couldn't be delivered", "can't be delivered", "not be delivered",
	"mail delivery", "message delivery", "not yet been delivered", "could not send message", "mail could not", "error sending your mail", "user unknown", "delayed mail", "delivery delayed", "delayed 24", "delayed 48", "message delayed", "mail rejected", "message rejected", "rejected mail", "unable to deliver",
	"unzustellbar", "nicht zustellbar", "zustellung", "fehlgeschlagen", "non remis", "non distribu", "échec de la remise", "échec de remise", "no se puede entregar", "no se pudo entregar", "no entregado", "error de entrega", "mancata consegna", "non recapit", "impossibile recapitare",
	"não foi possível entregar", "não entregue", "onbestelbaar", "niet bezorgd", "niet worden bezorgd", "kunde inte levereras", "ikke leveres", "kunne ikke leveres", "nie dostarczono", "niedostarczon", "не доставлено", "недоставлен", "не удалось доставить",
	"não é possível entregar", "non recapitabile", "recapito", "nedoručiteln", "nedoručiteľn", "nedoručen", "nie można dostarczyć", "niedostarczaln", "gick inte att leverera", "kan inte levereras", "olevererbar", "kan ikke leveres", "uleverbar", "ei voi toimittaa", "ei toimitettu", "kézbesíthetetlen", "nelivrabil", "nu a putut fi livrat", "teslim edilem", "iletilemedi", "μη παραδοτέο", "не вдалося доставити", "недоставимо", "не може да бъде доставено", "neisporuč", "nedostavljiv", "nepristatyt", "kättetoimetamat", "nepiegādā", "tidak dapat dikirim", "không gửi được", "לא ניתן למסירה", "غير قابل للتسليم", "تعذر تسليم", "devuelto", "rechazado", "return to sender", "bounced mail", "mail bounced", "message not delivered", "message undeliverable", "delivery to", "permanent delivery failure",
	"无法送达", "无法传递", "系统退信", "傳遞失敗", "未送達", "배달할 수 없", "전송 실패", "送達不能", "エラーメール", "送信エラー", "配信不能", "配信できません", "配達不能", "送信できません", "无法投递", "退信", "無法傳遞", "배달되지 않음",
}

var bounceWords = []string{
	"not be delivered", "not delivered", "not deliver your", "did not reach", "delivery to the following", "permanent error", "permanent fatal error", "delivery failed", "delivery has failed", "unable to deliver", "undeliverable", "user unknown", "unknown user",
	"no such user", "no such recipient", "returned to sender", "was returned", "been returned", "invalid user", "not yet been delivered", "mail delivery software", "mail delivery system", "following addresses had", "sorry to have to inform you", "wasn't able to deliver",
	"undelivered", "error delivering", "trouble delivering", "mailbox unavailable", "over quota", "quota exceeded", "mailbox is full", "mailbox full", "over disk quota", "failed recipient", "final-recipient:", "delivery report", "mail could not", "following errors occurred", "does not exist",
	"doesn't have a", "rejected", "not recognized", "550 ", "554 ", "553 ", "552 ", "failed for the following", "konnte nicht zugestellt", "n'a pas pu", "no se pudo entregar", "non è stato possibile", "not exactly match", "did not exactly match", "delivery attempt",
	"nicht zugestellt werden", "konnte nicht an", "unbekannter empfänger", "empfänger unbekannt", "n'a pas pu être", "n'a pu être", "destinataire inconnu", "no pudo ser entregado", "no se ha podido entregar", "no ha podido", "non è stato recapitato", "non può essere consegnato", "não pôde ser entregue", "não foi possível", "kon niet worden", "kunde inte", "kunne ikke", "nie można było dostarczyć", "nie została dostarczona", "nepodařilo doručit", "nem sikerült kézbesíteni", "не может быть доставлено", "не доставлено", "не удалось доставить", "не найден", "teslim edilemedi", "δεν ήταν δυνατή", "お届けできません", "配信できませんでした", "送信できませんでした", "无法投递", "无法送达", "发送失败", "배달하지 못",
}

// originalMarks stand where a bounce begins to show the mail that it returns.
var originalMarks = []string{
	"original message follow", "original message as received", "original message header", "is a copy of", "copy of the message", "copy of your message, including", "copy of the first part", "message headers follow", "header of the original", "headers of the original", "unsent message below", "returned message",
	"returned mail ---", "included is a copy", "message text follows", "content of the message", "message header follow", "message contents follow", "original mail header", "your message follows", "message follows", "original message ---", "-- original message",
}

var recipientLabels = []string{"undeliverable address", "rcpt to:", "failed recipient", "recipient:", "recipient address:", "addressed to", "final-recipient", "deliver message to:", "the following address failed", "adresse du destinataire", "empfänger:", "destinatario:", "destinataire :", "получатель:"}

var failWords = []string{"550", "551", "552", "553", "554", "unknown", "fail", "undeliver", "deliver", "reject", "no such", "disabled", "full", "quota", "not exist", "invalid", "unable", "unavailable", "error", "rcpt", "your message to", "refused", "inactive", "not match", "your message was addressed", "not listed", "not found", "does not like", "no mailbox", "suspended", "expired", "unbekannt", "nicht zugestellt", "inconnu", "n'existe pas", "desconocid", "no existe", "sconosciut", "non esiste", "não existe", "bestaat niet", "okänd", "nie istnieje", "neexistuje", "не существует", "не найден", "不存在"}
