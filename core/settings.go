package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Settings are what every process and command of an instance shares.
type Settings struct {
	Name                string
	Timezone            string
	AcceptsUnknown      bool // mail of unknown senders opens conversations
	MaxCollaborators    *int // nil: unlimited
	MaxSeats            *int // agents, admins, owners
	FloodTenMinutes     int  // new conversations from one address and origin class
	FloodHour           int
	FloodDay            int
	AutomaticHour       int  // automatic mails in all
	SuspendedDays       int  // how long suspended mail is kept
	KeepSourceDays      *int // how long the bytes of filed mail are kept; nil: for ever
	KeepSentDays        *int // how long the bytes and tries of mail that left are kept; nil: for ever
	CloseCompletedHours *int // nil: completed stays completed
	APIRequestsAMinute  int  // of one token
	StaffTwoFactor      bool // staff must use two-factor sign-in
	Brand                    // changed by UpdateBrand
}

// leastKept is how many days of mail are kept whatever is set.
const leastKept = 7

// SettingsChanges are new values; nil leaves a setting as it is.
type SettingsChanges struct {
	Name                *string
	Timezone            *string
	AcceptsUnknown      *bool
	FloodTenMinutes     *int
	FloodHour           *int
	FloodDay            *int
	AutomaticHour       *int
	SuspendedDays       *int
	KeepSourceDays      **int // to nil: for ever
	KeepSentDays        **int // to nil: for ever
	CloseCompletedHours **int // to nil: completed stays completed
	APIRequestsAMinute  *int
	StaffTwoFactor      *bool
}

const settingsColumns = `name, timezone, accepts_unknown, max_collaborators, max_seats,
	flood_ten_minutes, flood_hour, flood_day, automatic_hour, suspended_days, keep_source_days, keep_sent_days, close_completed_hours,
	api_requests_a_minute, staff_two_factor, ` + brandColumns

// Settings gives the settings. They are no secret: pages show the name.
func (d *Desk) Settings(ctx context.Context) (_ Settings, err error) {
	defer wrap(&err, "settings")
	return one[Settings](ctx, d.pool, `select `+settingsColumns+` from instance`)
}

// UpdateSettings changes settings. ErrForbidden, Invalid.
func (d *Desk) UpdateSettings(ctx context.Context, actor Actor, c SettingsChanges) (updated Settings, err error) {
	defer d.attempt(ctx, &err, actor, "update", "settings")
	if err := actor.Can(DoAdminister); err != nil {
		return Settings{}, err
	}
	if err := c.check(); err != nil {
		return Settings{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		before, err := one[Settings](ctx, tx, `select `+settingsColumns+` from instance for no key update`)
		if err != nil {
			return err
		}
		updated, err = one[Settings](ctx, tx, `
			update instance set name = coalesce(@name, name), timezone = coalesce(@timezone, timezone),
				accepts_unknown = coalesce(@unknown, accepts_unknown),
				flood_ten_minutes = coalesce(@flood_ten, flood_ten_minutes), flood_hour = coalesce(@flood_hour, flood_hour),
				flood_day = coalesce(@flood_day, flood_day), automatic_hour = coalesce(@automatic, automatic_hour),
				suspended_days = coalesce(@suspended, suspended_days),
				keep_source_days = case when @set_source then @source else keep_source_days end,
				keep_sent_days = case when @set_sent then @sent else keep_sent_days end,
				close_completed_hours = case when @set_hours then @hours else close_completed_hours end,
				api_requests_a_minute = coalesce(@api_rate, api_requests_a_minute), staff_two_factor = coalesce(@staff_two, staff_two_factor)
			returning `+settingsColumns,
			pgx.StrictNamedArgs{"name": c.Name, "timezone": c.Timezone, "unknown": c.AcceptsUnknown,
				"flood_ten": c.FloodTenMinutes, "flood_hour": c.FloodHour, "flood_day": c.FloodDay,
				"automatic": c.AutomaticHour, "suspended": c.SuspendedDays,
				"set_source": c.KeepSourceDays != nil, "source": orNone(c.KeepSourceDays),
				"set_sent": c.KeepSentDays != nil, "sent": orNone(c.KeepSentDays),
				"set_hours": c.CloseCompletedHours != nil, "hours": orNone(c.CloseCompletedHours),
				"api_rate": c.APIRequestsAMinute, "staff_two": c.StaffTwoFactor})
		if err != nil {
			return err
		}
		return recordSettings(ctx, tx, actor, before, updated)
	})
	return updated, err
}

// orNone is what a setting that may be none is changed to.
func orNone(to **int) *int {
	if to == nil {
		return nil
	}
	return *to
}

func recordSettings(ctx context.Context, tx pgx.Tx, actor Actor, before, after Settings) error {
	c := changes{}
	c.note("name", before.Name, after.Name)
	c.note("timezone", before.Timezone, after.Timezone)
	c.note("accepts_unknown", before.AcceptsUnknown, after.AcceptsUnknown)
	c.note("max_collaborators", before.MaxCollaborators, after.MaxCollaborators)
	c.note("max_seats", before.MaxSeats, after.MaxSeats)
	c.note("flood_ten_minutes", before.FloodTenMinutes, after.FloodTenMinutes)
	c.note("flood_hour", before.FloodHour, after.FloodHour)
	c.note("flood_day", before.FloodDay, after.FloodDay)
	c.note("automatic_hour", before.AutomaticHour, after.AutomaticHour)
	c.note("suspended_days", before.SuspendedDays, after.SuspendedDays)
	c.note("keep_source_days", before.KeepSourceDays, after.KeepSourceDays)
	c.note("keep_sent_days", before.KeepSentDays, after.KeepSentDays)
	c.note("close_completed_hours", before.CloseCompletedHours, after.CloseCompletedHours)
	c.note("api_requests_a_minute", before.APIRequestsAMinute, after.APIRequestsAMinute)
	c.note("staff_two_factor", before.StaffTwoFactor, after.StaffTwoFactor)
	if len(c) == 0 {
		return nil
	}
	return audit(ctx, tx, actor, "settings.updated", "settings", c)
}

func (c *SettingsChanges) check() error {
	if c.Name != nil {
		name := cleanLine(*c.Name, 100)
		if name == "" {
			return Invalid{Field: "name", Code: CodeEmpty, Problem: "A name is needed."}
		}
		c.Name = &name
	}
	if c.Timezone != nil {
		zone, err := checkZone(*c.Timezone)
		if err != nil {
			return err
		}
		if zone == "" {
			return Invalid{Field: "time_zone", Code: CodeEmpty, Problem: "A timezone is needed."}
		}
		c.Timezone = &zone
	}
	for field, n := range map[string]*int{"flood_ten_minutes": c.FloodTenMinutes, "flood_hour": c.FloodHour,
		"flood_day": c.FloodDay, "automatic_hour": c.AutomaticHour, "suspended_days": c.SuspendedDays} {
		if n != nil && (*n < 0 || *n > 1_000_000) {
			return Invalid{Field: field, Code: CodeInvalid, Problem: "The number is out of range."}
		}
	}
	if n := c.APIRequestsAMinute; n != nil && (*n < 60 || *n > 1_000_000) {
		return Invalid{Field: "api_requests_a_minute", Code: CodeInvalid, Problem: "Between 60 and 1,000,000 requests a minute."}
	}
	for field, n := range map[string]*int{"keep_source_days": orNone(c.KeepSourceDays), "keep_sent_days": orNone(c.KeepSentDays)} {
		if n != nil && (*n < leastKept || *n > 100_000) {
			return Invalid{Field: field, Code: CodeInvalid, Problem: "At least 7 days: mail of this week is still being worked with."}
		}
	}
	if c.CloseCompletedHours != nil && *c.CloseCompletedHours != nil && (**c.CloseCompletedHours < 1 || **c.CloseCompletedHours > 100_000) {
		return Invalid{Field: "close_completed_hours", Code: CodeInvalid, Problem: "The number is out of range."}
	}
	return nil
}

// SetLimits is the command's: how many collaborators and seats there may be, nil
// for unlimited. Who is there already stays.
func (d *Desk) SetLimits(ctx context.Context, collaborators, seats *int) (err error) {
	defer wrap(&err, "set limits")
	return d.tx(ctx, func(tx pgx.Tx) error {
		before, err := one[Settings](ctx, tx, `select `+settingsColumns+` from instance for no key update`)
		if err != nil {
			return err
		}
		after, err := one[Settings](ctx, tx, `
			update instance set max_collaborators = $1, max_seats = $2 returning `+settingsColumns, collaborators, seats)
		if err != nil {
			return err
		}
		return recordSettings(ctx, tx, Actor{}, before, after)
	})
}
