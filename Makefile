# Everything that the project does by itself. On a machine with Go, `make run`
# alone starts the product and `make test` alone passes the tests.

DATA_DIR ?=
ARGS     ?=

.PHONY: run test check bench proof crash crash-out outage timing slow fuzz memory fill pages articles postgresql chromium

# The program itself, not `go run`: a Ctrl-C that ends it well is no error.
run: postgresql
	@go build ./cmd/postdesk
	@exec ./postdesk serve $(if $(DATA_DIR),--data-dir $(DATA_DIR)) $(ARGS)

# Most of a story is waiting for mail: four at once fill two processors. Garbage is
# collected as seldom as in the program, and `make check` has the whole of vet.
test: postgresql chromium
	@GOGC=300 GORACE=atexit_sleep_ms=0 go test -race -vet=off -timeout 18m -parallel 4 ./...

# What CI runs, without the race detector's build.
check:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'gofmt: the files above are not formatted'; exit 1; }
	@go vet ./...

# Messages a second from SMTP to a filed conversation, and from the queue to a
# sink, beside Postfix's own client where that is installed; and peak memory.
bench: postgresql
	@go run ./cmd/proof bench
	@go run ./cmd/proof drain $(ARGS)

# Everything that is promised of reliability, put to the test with the control in
# which each test must fail, and a table of what holds: minutes, or hours with
# ARGS="--release". ARGS="--only R1" runs one.
proof: postgresql
	@go run ./cmd/proof all $(ARGS)

# Kills the program and PostgreSQL in the middle of 2,000 mails and counts.
crash: postgresql
	@go run ./cmd/proof crash

# Kills the program while it delivers, and counts what was lost or came twice.
# `make crash-out ARGS="--kills 200"` takes some minutes.
crash-out: postgresql
	@go run ./cmd/proof deliver --control $(ARGS)

# How mail is delivered after the next server was down.
outage: postgresql
	@go run ./cmd/proof outage $(ARGS)

# How long sign-in and reset take, for addresses with and without an account.
timing: postgresql
	@go run ./cmd/proof timing

# How long an honest sender waits among 2,000 idle and 500 dripping clients.
slow: postgresql
	@go run ./cmd/proof slow

# Nonsense over SMTP for a minute: `make fuzz ARGS="--for 30m"` takes longer.
fuzz: postgresql
	@go run ./cmd/proof fuzz --control $(ARGS)

# Memory while 50 mails of 25 MiB come at once.
memory: postgresql
	@go run ./cmd/proof memory

# A help desk with years of conversations in an empty data folder:
# `make fill ARGS="--data-dir DIR"`.
fill: postgresql
	@go run ./cmd/proof fill $(ARGS)

# How long each page takes among 100,000 conversations, against the bars. `make pages
# ARGS="--requests 100"` takes some minutes less.
pages: postgresql
	@go run ./cmd/proof pages $(ARGS)

# How long search and pages of a Help Center with 10,000 articles take a stranger,
# against the bars.
articles: postgresql
	@go run ./cmd/proof articles $(ARGS)

# PostgreSQL is the one thing that running needs and Go does not bring. Asks first
# on a terminal.
postgresql:
	@.ci/postgresql

# The tests alone need a browser. Asks first on a terminal.
chromium:
	@.ci/chromium
