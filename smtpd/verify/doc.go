// Package verify finds out who really sent a mail: SPF (RFC 7208), DKIM (RFC
// 6376) and DMARC alignment (RFC 7489), told as a core.Origin. ARC (RFC 8617) is
// read and told beside them, and decides nothing.
//
// It promises an answer for every mail, within its time (10 s unless told
// otherwise) and with at most 20 DNS queries, TCP and second tries counted, and 8
// signatures checked. What DNS cannot answer is a verdict (unproven), never an
// error; what a sender makes too costly to look up is not taken for such trouble.
// It never changes a mail, stores nothing, and believes no header field except
// those of relays that the administrator named.
package verify
