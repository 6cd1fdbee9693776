package main

import (
	"math/rand/v2"
	"strings"
)

// commonWords begin the vocabulary of each language, the most frequent first.
var commonWords = [...]string{
	"the to and a of in is you for it we I not have with that order please can my thank invoice your has are was on be but at by from after delivery customer account password printer address question answer number morning today week message problem help team work open wait sent paid broken return refund",
	"die der und in zu den das nicht von sie ist des sich mit dem dass er es ein ich auf so eine auch als an nach wie im für bitte danke Rechnung Bestellung Lieferung Drucker Passwort Straße Grüße können möchte heute morgen Woche Frage Antwort Adresse Kunde Konto größe über schön",
	"de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la merci facture commande livraison imprimante adresse réponse déjà été après où problème semaine client compte numéro garçon naïve œuvre",
	"de la que el en y a los se del las un por con no una su para es al lo como más gracias factura pedido entrega impresora dirección respuesta mañana año semana cliente cuenta número señor pregunta también",
	"i w na z do się nie że jest to o a jak ale po co tak za od jego dziękuję faktura zamówienie dostawa drukarka adres odpowiedź tydzień klient konto numer pytanie proszę już źle żółty łódź",
	"και το να του η της με που την από για είναι στο δεν θα τιμολόγιο παραγγελία παράδοση εκτυπωτής διεύθυνση ερώτηση απάντηση πελάτης ευχαριστώ",
	"и в не на я быть он с что а по это она этот к но они мы весь который спасибо счёт заказ доставка принтер адрес вопрос ответ неделя клиент пожалуйста",
}

// syllables build the rare words of each language.
var syllables = [...]string{
	"ab ber con der en fin ger hol in ker lan mor nor op per quin ras sto tur un ver wil yar zen",
	"auf ber chen dorf ein feld ge heim ig kraft lich mund nahr or pfer rück schaf tung über ver werk zu",
	"ais bon che dou eur fran gne ier jou lier mont nou ois pré quet rou sé tion ure vi",
	"al bue ción dad es flor gue hor illo jar lla mien nue ora pues quie rro ste ta vez",
	"arz bycz cze dni eł fia gło hor iel jow kra łąk mie niek owa prze rzy szcz two wie żyt",
	"αλ βρο γρα δη ει θε κα λο μα νε ξη πο ρι στο τη φω χα",
	"вод гор дар ень жив зна ист кра лес мир нов оро пере рас ств тель уме хол час щит",
}

// wordsPerLanguage is the size of a vocabulary.
const wordsPerLanguage = 12000

// A speaker writes in all languages, the same with the same seed. The frequency of
// a word falls with its rank, as in what people write (Zipf).
type speaker struct {
	*rand.Rand
	words [][]string
	rank  *rand.Zipf
}

// newSpeaker makes one for each table, so that the size of one changes no other.
func newSpeaker(seed, table uint64, words [][]string) *speaker {
	r := rand.New(rand.NewPCG(seed, table))
	return &speaker{r, words, rand.NewZipf(r, 1.07, 3, wordsPerLanguage-1)}
}

func vocabularies(seed uint64) [][]string {
	r := rand.New(rand.NewPCG(seed, 0))
	all := make([][]string, len(commonWords))
	for i := range all {
		words, parts := strings.Fields(commonWords[i]), strings.Fields(syllables[i])
		for len(words) < wordsPerLanguage {
			var b strings.Builder
			for range 2 + r.IntN(3) {
				b.WriteString(parts[r.IntN(len(parts))])
			}
			words = append(words, b.String())
		}
		all[i] = words
	}
	return all
}

// say gives n words of a language in sentences and paragraphs.
func (s *speaker) say(language, n int) string {
	var b strings.Builder
	b.Grow(n * 8)
	for i := range n {
		b.WriteString(s.words[language][s.rank.Uint64()])
		switch {
		case i == n-1:
		case i%37 == 36:
			b.WriteString(".\n\n")
		case s.IntN(9) == 0:
			b.WriteString(". ")
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// one of the words of a list.
func (s *speaker) one(list []string) string { return list[s.IntN(len(list))] }

// The names of people, organizations, teams and tags.
const (
	givenNames  = "Mia Cara Abe Anna Jörg Zoë Łukasz Émile José Ingrid Olga Иван Ελένη Noah Sofia Lena Omar Yuki Priya Kofi Hans Marie Pablo Ewa Дарья Nikos Tom Ruth Sean Aylin"
	familyNames = "Müller Smith Novak García Dubois Kowalski Papadopoulos Иванов Sato Okafor Jensen Rossi Schmidt Brown Ionescu Haddad Nguyen O'Neil Weiß Larsen Fischer Lopez Martin Silva Kim Patel Moreau Bianchi Varga Horváth"
	firmNames   = "Acme Nordwind Blue Harbor Kestrel Lindenhof Optima Porto Quartz Rivera Sonnen Tango Umbra Vela Westgate Zephyr"
	firmKinds   = "GmbH Ltd SA Inc AG Oy AB BV SpA KG"
	tagNames    = "billing refund delivery printer urgent-call bug feature vip account password invoice damaged lost late question feedback legal press partner wholesale spam-check translation onboarding renewal cancel upgrade downgrade api mail outage"
	teamNames   = "Billing,Shipping,Technical,Returns,Partners,Night shift,Onboarding,Press"
)
