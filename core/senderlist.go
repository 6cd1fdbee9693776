package core

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A SenderList is the block list or the safe list. The safe list wins; it lets in
// only what is proven (mail-law: filtered).
type SenderList string

// The lists.
const (
	BlockList SenderList = "block"
	SafeList  SenderList = "safe"
)

// Everybody is the pattern that blocks all who are not on the safe list.
const Everybody = "*"

// A SenderEntry is an address, a domain with all that is below it, or Everybody.
type SenderEntry struct {
	List      SenderList
	Pattern   string // canonical: lower case, domains as A-labels
	Note      string
	AddedBy   PersonRef
	CreatedAt time.Time
}

// Shown is the pattern as people write it.
func (e SenderEntry) Shown() string {
	at := strings.LastIndexByte(e.Pattern, '@') + 1
	return e.Pattern[:at] + ShownDomain(e.Pattern[at:])
}

const senderColumns = `s.list, s.pattern, s.note, coalesce((select ` + personOf + theUser + `s.created_by), '{}') as added_by, s.created_at`

// Senders lists the entries of a list, newest first. ErrForbidden.
func (d *Desk) Senders(ctx context.Context, actor Actor, of SenderList, page Page) (entries []SenderEntry, total int, err error) {
	defer wrap(&err, "senders of the %s list", of)
	if err := actor.Can(DoAdminister); err != nil {
		return nil, 0, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		entries, total, err = list[SenderEntry](ctx, tx, senderColumns, ` from sender_list s where s.list = @list`, `s.created_at desc, s.pattern`,
			page, pgx.StrictNamedArgs{"list": string(of)})
		return err
	})
	return entries, total, err
}

// AddSender puts an address, a domain or Everybody on a list. Invalid of
// "pattern"; one with a Value says what the entry would do to the team, to our own
// addresses or to strangers, and is done when sure. ErrForbidden.
func (d *Desk) AddSender(ctx context.Context, actor Actor, to SenderList, pattern, note string, sure bool) (added SenderEntry, err error) {
	defer d.attempt(ctx, &err, actor, "add to the "+string(to)+" list", "")
	if err := actor.Can(DoAdminister); err != nil {
		return added, err
	}
	canonical, err := ParsePattern(to, pattern)
	if err != nil {
		return added, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if !sure {
			problem, err := besides(ctx, tx, to, canonical)
			if err != nil {
				return err
			}
			if problem != "" {
				return Invalid{Field: "pattern", Code: CodeInvalid, Problem: problem, Value: canonical}
			}
		}
		added, err = addSender(ctx, tx, actor, SenderEntry{List: to, Pattern: canonical, Note: cleanLine(note, 200)})
		return err
	})
	return added, err
}

func addSender(ctx context.Context, tx pgx.Tx, actor Actor, e SenderEntry) (SenderEntry, error) {
	if own, err := value[bool](ctx, tx, `select $2 = 'block' and exists (select from mailboxes where address = $1)`, e.Pattern, e.List); err != nil || own {
		if own {
			err = Invalid{Field: "pattern", Code: CodeInvalid, Problem: "This is a mailbox of your own. Mail from it is suspended as a loop anyway."}
		}
		return e, err
	}
	tag, err := tx.Exec(ctx, `insert into sender_list (list, pattern, note, created_by) values ($1, $2, $3, nullif($4, 0)) on conflict do nothing`,
		e.List, e.Pattern, e.Note, actor.ID)
	if err != nil {
		return e, err
	}
	if tag.RowsAffected() == 0 {
		return e, Invalid{Field: "pattern", Code: CodeDuplicate, Problem: "This is on the list already."}
	}
	if err := audit(ctx, tx, actor, "sender."+e.List.done(), "sender "+e.Pattern, nil); err != nil {
		return e, err
	}
	return one[SenderEntry](ctx, tx, `select `+senderColumns+` from sender_list s where s.list = $1 and s.pattern = $2`, e.List, e.Pattern)
}

func (l SenderList) done() string {
	if l == SafeList {
		return "trusted"
	}
	return "blocked"
}

// RemoveSender takes an entry off a list. ErrNotFound, ErrForbidden.
func (d *Desk) RemoveSender(ctx context.Context, actor Actor, from SenderList, pattern string) (err error) {
	defer d.attempt(ctx, &err, actor, "remove from the "+string(from)+" list", "")
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	canonical, err := ParsePattern(from, pattern)
	if err != nil {
		return ErrNotFound
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := value[string](ctx, tx, `delete from sender_list where list = $1 and pattern = $2 returning pattern`, from, canonical); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "sender.un"+from.done(), "sender "+canonical, nil)
	})
}

// ParsePattern reads what somebody wants on a list, in any spelling: an address, a
// domain (with or without a leading @), or Everybody.
func ParsePattern(of SenderList, text string) (string, error) {
	fault := func(code, problem string) (string, error) {
		return "", Invalid{Field: "pattern", Code: code, Problem: problem}
	}
	text = strings.TrimSpace(text)
	switch at := strings.LastIndexByte(text, '@'); {
	case text == "":
		return fault(CodeRequired, "An address or a domain is needed.")
	case text == Everybody && of == BlockList:
		return Everybody, nil
	case text == Everybody:
		return fault(CodeInvalid, "A safe list of everybody is no list.")
	case at > 0:
		a, err := ParseAddress(text)
		if err != nil {
			return fault(CodeInvalid, "This is neither an address nor a domain.")
		}
		return a.String(), nil
	}
	domain, ok := canonicalDomain(strings.TrimPrefix(text, "@"))
	switch {
	case !ok || !strings.Contains(domain, ".") && of == BlockList && len(domain) < 2:
		return fault(CodeInvalid, "This is neither an address nor a domain.")
	case !strings.Contains(domain, ".") && of == SafeList:
		return fault(CodeInvalid, fmt.Sprintf("Everybody can have an address below .%s. Name the sender's own domain.", domain))
	}
	return domain, nil
}

// besides says what an entry would do that nobody may want, or "".
func besides(ctx context.Context, tx pgx.Tx, to SenderList, pattern string) (string, error) {
	if to == SafeList {
		if !strings.Contains(pattern, "@") && publicProvider(pattern) {
			return "Everybody can have an address at " + ShownDomain(pattern) + ". Trust it all the same?", nil
		}
		return "", nil
	}
	if pattern == Everybody {
		return "This blocks everybody who is not on the safe list, and your team too: add those whom you want to hear from to the safe list. Block everybody else?", nil
	}
	hit, err := one[struct {
		Staff, Mailbox, Safe string
	}](ctx, tx, `
		select coalesce((select u.name from addresses a join users u on u.id = a.user_id
				where u.role <> 'customer' and (a.address = $1 or a.address like $2 or a.address like $3) order by u.id limit 1), '') as staff,
			coalesce((select address from mailboxes where address like $2 or address like $3 order by id limit 1), '') as mailbox,
			coalesce((select pattern from sender_list where list = 'safe' and pattern = $1), '') as safe`,
		pattern, "%@"+likeExact(pattern), "%."+likeExact(pattern))
	switch {
	case err != nil:
		return "", err
	case hit.Staff != "":
		return hit.Staff + " of your team writes from there. Block it all the same?", nil
	case hit.Mailbox != "":
		return "Your own mailbox " + hit.Mailbox + " is there. Block it all the same?", nil
	case hit.Safe != "":
		return "It is on the safe list, which wins: what is proven comes through all the same. Block the rest?", nil
	}
	return "", nil
}

func likeExact(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
