package core

import "strings"

// publicProvider tells a domain at, below, or above which strangers have
// mailboxes: co.uk is as bad as yahoo.co.uk.
func publicProvider(domain string) bool {
	for provider := range strings.FieldsSeq(publicProviders) {
		if domain == provider || strings.HasSuffix(domain, "."+provider) || strings.HasSuffix(provider, "."+domain) {
			return true
		}
	}
	return false
}

// publicProviders are domains at which everybody can have a mailbox: one there
// says nothing about a company. In order of the alphabet.
const publicProviders = `
126.com 139.com 163.com 188.com 189.cn aim.com alice.it aliyun.com aol.co.uk aol.com aol.de aol.fr arcor.de
att.net bellsouth.net bigpond.com bigpond.net.au bk.ru bluewin.ch bol.com.br btinternet.com btopenworld.com
centrum.cz charter.net comcast.net cox.net daum.net disroot.org docomo.ne.jp duck.com earthlink.net email.com
email.cz ezweb.ne.jp fastmail.com fastmail.fm foxmail.com free.fr freemail.hu freenet.de gmail.com gmx.at
gmx.ch gmx.com gmx.de gmx.net googlemail.com hanmail.net hey.com hotmail.be hotmail.ca hotmail.ch
hotmail.co.jp hotmail.co.uk hotmail.com hotmail.com.ar hotmail.com.br hotmail.de hotmail.es hotmail.fr
hotmail.it hotmail.nl hushmail.com icloud.com ig.com.br inbox.lv inbox.ru interia.pl juno.com kpnmail.nl
laposte.net libero.it list.ru live.at live.be live.ca live.cn live.co.uk live.com live.com.au live.com.mx
live.de live.dk live.fr live.it live.nl live.se mac.com mail.bg mail.com mail.de mail.ee mail.ru mailbox.org
mailfence.com mailinator.com mailo.com me.com msn.com naver.com neuf.fr ntlworld.com o2.pl onet.eu onet.pl
online.de online.no optonline.net optusnet.com.au orange.fr outlook.at outlook.be outlook.com outlook.com.au
outlook.com.br outlook.de outlook.dk outlook.es outlook.fr outlook.it outlook.jp ozemail.com.au pm.me
poczta.onet.pl posteo.de proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com riseup.net
rocketmail.com rogers.com runbox.com sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.cn sina.com sky.com
skynet.be softbank.ne.jp sohu.com swissonline.ch sympatico.ca t-online.de talktalk.net telenet.be telia.com
telus.net terra.com.br tin.it tiscali.it tom.com tuta.com tuta.io tutamail.com tutanota.com tutanota.de
ukr.net uol.com.br verizon.net videotron.ca virgilio.it virgin.net virginmedia.com vodafone.it wanadoo.es
wanadoo.fr web.de windowslive.com wp.pl xs4all.nl xtra.co.nz ya.ru yahoo.at yahoo.be yahoo.ca yahoo.co.id
yahoo.co.in yahoo.co.jp yahoo.co.nz yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.cn
yahoo.com.hk yahoo.com.mx yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.vn yahoo.de yahoo.dk
yahoo.es yahoo.fr yahoo.gr yahoo.ie yahoo.in yahoo.it yahoo.nl yahoo.no yahoo.pl yahoo.ro yahoo.se yandex.com
yandex.ru yandex.ua yeah.net ymail.com zoho.com zohomail.com zoznam.sk
`
