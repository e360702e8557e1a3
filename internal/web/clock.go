package web

import (
	"time"

	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// A Clock is a deadline on screen, absolute and relative together: « avant jeudi 12 mars, 14 h — reste 1 jour ouvré ».
// Whoever fills it counts what is left in the unit of the clock: working days of the member that must act, or hours.
type Clock struct {
	Due   time.Time
	Unit  ClockUnit
	Left  int  // whole units left; 0 means less than one
	Past  bool // the time has run out
	Short bool // the relative part alone, for cards in a list
}

// ClockUnit is what a clock counts.
type ClockUnit string

// The units: normal clocks count working days, urgent ones hours.
const (
	WorkingDays ClockUnit = "days"
	Hours       ClockUnit = "hours"
)

// HoursUntil returns an urgent clock seen at the given instant.
func HoursUntil(due, at time.Time) Clock {
	return Clock{Due: due, Unit: Hours, Left: max(0, int(due.Sub(at)/time.Hour)), Past: !at.Before(due)}
}

// DaysUntil returns a normal clock seen at the given instant, by the calendar of the member that must act.
func DaysUntil(by territory.Calendar, due, at time.Time) Clock {
	return Clock{Due: due, Unit: WorkingDays, Left: by.WorkingDaysLeft(at, due), Past: !at.Before(due)}
}

// Tight reports whether the clock deserves its colour: past, under one working day or under six hours.
func (c Clock) Tight() bool {
	return c.Past || c.Unit == WorkingDays && c.Left <= 1 || c.Unit == Hours && c.Left < 6
}

// clock writes c.
func (c *catalogue) clock(k Clock) string {
	var left string
	switch {
	case k.Past:
		left = c.say("clock.past")
	case k.Unit == Hours && k.Left == 0:
		left = c.say("clock.under_an_hour")
	case k.Unit == Hours:
		left = c.say("clock.hours", "n", k.Left)
	case k.Left == 0:
		left = c.say("clock.today")
	default:
		left = c.say("clock.days", "n", k.Left)
	}
	if k.Short {
		return left
	}
	return c.say("clock.before", "day", c.day(k.Due), "hour", c.hour(k.Due), "left", left)
}
