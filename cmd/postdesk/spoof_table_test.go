package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// The spoof table (reliability.md, S1), by hand from mail-law section 2: who it
// says it is from, whether that is so, and how it names a conversation, each with
// the rule that decides. core proves the same table for facts; here each cell is
// a mail over SMTP, once in each form of From.
const spoofTable = `
author           origin    | own token     other's token  thread        mention   subject   none
agent            proven    | staff_reply   staff_draft    staff_draft   mention   new       new
agent            unproven  | staff_draft   staff_draft    staff_draft   mention   new       new
agent            refuted   | forged        forged         forged        forged    forged    forged
no-reply-agent   proven    | staff_draft   staff_draft    staff_draft   mention   new       new
no-reply-agent   unproven  | staff_draft   staff_draft    staff_draft   mention   new       new
no-reply-agent   refuted   | forged        forged         forged        forged    forged    forged
agent-elsewhere  proven    | elsewhere     elsewhere      elsewhere     mention   new       new
agent-elsewhere  unproven  | elsewhere     elsewhere      elsewhere     mention   new       new
agent-elsewhere  refuted   | forged        forged         forged        forged    forged    forged
collaborator     proven    | collaborator  collaborator   collaborator  mention   new       new
collaborator     unproven  | elsewhere     elsewhere      elsewhere     mention   new       new
collaborator     refuted   | forged        forged         forged        forged    forged    forged
collaborator-cc  proven    | collaborator  collaborator   collaborator  mention   new       new
collaborator-cc  unproven  | collaborator  collaborator   collaborator  mention   new       new
collaborator-cc  refuted   | forged        forged         forged        forged    forged    forged
requester        proven    | requester     requester      requester     mention   new       new
requester        unproven  | requester     requester      requester     mention   new       new
requester        refuted   | forged        forged         forged        forged    forged    forged
participant      proven    | participant   participant    participant   mention   new       new
participant      unproven  | participant   participant    participant   mention   new       new
participant      refuted   | forged        forged         forged        forged    forged    forged
customer         proven    | elsewhere     elsewhere      elsewhere     mention   new       new
customer         unproven  | elsewhere     elsewhere      elsewhere     mention   new       new
customer         refuted   | forged        forged         forged        forged    forged    forged
stranger         proven    | elsewhere     elsewhere      elsewhere     mention   new       new
stranger         unproven  | elsewhere     elsewhere      elsewhere     mention   new       new
stranger         refuted   | forged        forged         forged        forged    forged    forged
disabled         proven    | disabled      disabled       disabled      disabled  disabled  disabled
disabled         unproven  | disabled      disabled       disabled      disabled  disabled  disabled
disabled         refuted   | forged        forged         forged        forged    forged    forged
`

// What each rule then does: what the mail becomes, where, how the new
// conversation is linked to the one that was meant, and who outside is mailed.
// Marked "sender not verified" is everything that is not proven. Whoever stands in
// CC is a participant of a proven first mail's conversation, not by a mention, and
// of nothing else. "author" gets one automatic mail at most, if proven and no
// staff: the acknowledgement.
const spoofEffects = `
rule          author          | becomes    where  link        mailed outside
staff_reply   agent           | reply      here   -           customers
staff_draft   agent           | draft      here   -           nobody
staff_draft   no-reply-agent  | note       here   -           nobody
collaborator  *               | note       here   -           nobody
requester     *               | message    here   -           nobody
participant   *               | message    here   -           nobody
mention       *               | message    new    mention     author
elsewhere     *               | message    new    may_belong  author
new           *               | message    new    -           author
forged        *               | suspended  -      -           nobody
disabled      *               | suspended  -      -           nobody
`

// The forms of From, and for each origin the domain that makes it so: the facts
// are in the zones of newSpoof.
const spoofForms = `
form     proven         unproven      refuted
plain    spf.test       nothing.test  reject.test
word     dkim.test      deny.test     sub.parent.test
unicode  bücher.test    köln.test     genève.test
ascii    münchen.test   zürich.test   düsseldorf.test
`

// tableRows are the words of each row, below the heading.
func tableRows(table string) (rows [][]string) {
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[1:] {
		rows = append(rows, strings.Fields(strings.ReplaceAll(line, "|", " ")))
	}
	return rows
}

var spoofLocators = []string{"own token", "other's token", "thread", "mention", "subject", "none"}

// effectOf is the line of a rule for an author.
func effectOf(t *testing.T, rule, author string) (becomes, where, link, mailed string) {
	t.Helper()
	for _, row := range tableRows(spoofEffects) {
		if row[0] == rule && (row[1] == author || row[1] == "*") {
			return row[2], row[3], row[4], row[5]
		}
	}
	t.Fatalf("nothing is told about %s of %s", rule, author)
	return "", "", "", ""
}

// TestTheSpoofTable sends every cell in and finds each where the law puts it.
func TestTheSpoofTable(t *testing.T) {
	t.Parallel()
	g := newSpoof(t)
	g.prepare()
	special := func(c *cell) bool { return c.author == "no-reply-agent" || c.author == "agent-elsewhere" }
	reply := func(c *cell) bool { return c.rule == "staff_reply" }
	g.sendCells(reply) // before a draft: its notice is one within 15 s of which nobody replies
	g.sendCells(func(c *cell) bool { return !reply(c) && !special(c) })
	g.owner.do("PUT", "/roles", object{"role": "AGENT", "permissions": object{"reply_publicly": false}})
	g.sendCells(func(c *cell) bool { return c.author == "no-reply-agent" })
	g.owner.do("PUT", "/roles", object{"role": "AGENT", "permissions": object{"reply_publicly": true}, "case_access": "OWN"})
	g.sendCells(func(c *cell) bool { return c.author == "agent-elsewhere" })
	deviations := g.judge()
	t.Logf("spoof table: %d cells, %d deviations", len(g.cells), deviations)
	if want := 10 * 3 * 6 * 4; len(g.cells) != want {
		t.Errorf("%d cells were tried, want %d", len(g.cells), want)
	}
}

// TestTheSpoofTableIsThatOfTheRules: the two tables are one.
func TestTheSpoofTableIsThatOfTheRules(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../../core/spoof_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	pure := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name == "spoofTable" {
			pure, err = strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	normal := func(table string) string {
		var lines []string
		for line := range strings.Lines(strings.TrimSpace(table)) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		return strings.Join(lines, "\n")
	}
	if normal(pure) != normal(spoofTable) {
		t.Errorf("core's table:\n%s\nthe program's:\n%s", pure, spoofTable)
	}
}
