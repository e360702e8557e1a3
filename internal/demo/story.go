package demo

import (
	"context"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// A story is one fictitious case: who calls on whom, and how far it gets. Each step is what people do on their machines
// and hand in to the hub, with their own keys; nothing is written past the use cases.
type story struct {
	h            *hub.Hub
	n            int // of the story: everything that varies follows from it
	coordinators []*Person
	origin       *town
	rings        [][]*town
	host         *town // in the first ring; nil: nobody will propose
	goes         goal

	id      ailleurs.CaseID
	steps   []step
	threads map[ailleurs.MemberID]ailleurs.ThreadID // of the addressees who have found theirs
}

// A step is done after a number of hours from the one before.
type step struct {
	name  string
	hours int
	do    func(ctx context.Context, at time.Time) error
}

// untilChoosing is the step in which nothing is done until the person may choose: at least its hours, and two working days.
const untilChoosing = "wait"

// A goal is where a story has got to on the day of the demonstration.
type goal string

const (
	drafted     goal = "draft"
	endorsing   goal = "endorsing"
	attested    goal = "attested" // endorsing, and only the élu's signature is missing
	checking    goal = "checking"
	called      goal = "called" // calling, nobody has read it
	readBy      goal = "read"
	answering   goal = "answering" // calling, the host's proposal awaits its élu
	proposed    goal = "proposed"
	choosing    goal = "choosing"
	firstYes    goal = "first_yes"
	preparing   goal = "preparing"
	handedOver  goal = "handed_over"
	travelling  goal = "travelling"
	following   goal = "following"
	settled     goal = "settled" // closed
	suspended   goal = "suspended"
	diverted    goal = "diverted"
	withdrawn   goal = "withdrawn"
	silent      goal = "silent" // nobody answers: rings widen, then it expires
	compromised goal = "compromised"
)

// publics are the keys of everyone whom a story may seal to.
func (s *story) publics(more ...*town) desk.People {
	var out desk.People
	add := func(people ...*Person) {
		for _, p := range people {
			out = append(out, p.public)
		}
	}
	add(s.origin.people()...)
	add(s.coordinators...)
	for _, t := range more {
		add(t.people()...)
	}
	return out
}

func (s *story) towns() []*town {
	var out []*town
	for _, r := range s.rings {
		out = append(out, r...)
	}
	return out
}

func (s *story) places() []desk.Place {
	var out []desk.Place
	for _, t := range s.towns() {
		out = append(out, t.place)
	}
	return out
}

// plan lists the steps of the story up to its goal.
func (s *story) plan() {
	add := func(name string, hours int, do func(context.Context, time.Time) error) {
		s.steps = append(s.steps, step{name, hours, do})
	}
	reached := func(g goal) bool { return s.goes == g }
	add("open", 0, s.open)
	if reached(drafted) {
		return
	}
	if reached(diverted) {
		add("divert", 4, s.onCase((*relocation.Exchange).Divert))
		return
	}
	add("submit", 4, s.submit)
	if reached(endorsing) {
		return
	}
	add("attest", 3, s.attest)
	if reached(attested) {
		return
	}
	add("sign", 2, s.signCall)
	if reached(checking) {
		return
	}
	if reached(suspended) {
		add("suspend", 1, s.suspend)
		return
	}
	add("check", 4, s.check)
	if reached(called) || reached(silent) {
		return
	}
	add("read", 6, s.read)
	if reached(readBy) {
		return
	}
	add("decline", 3, s.decline)
	add("answer", 3, s.answer)
	if reached(answering) {
		return
	}
	add("offer", 4, s.offer)
	if reached(proposed) {
		return
	}
	if reached(withdrawn) {
		add("withdraw", 5, s.onCase((*relocation.Exchange).Withdraw))
		return
	}
	add(untilChoosing, 24*5, func(context.Context, time.Time) error { return nil })
	if reached(choosing) {
		return
	}
	add("first yes", 2, s.retain)
	if reached(firstYes) {
		return
	}
	add("second yes", 5, s.welcome)
	if reached(preparing) {
		return
	}
	add("hand over", 1, s.handOver)
	if reached(handedOver) {
		return
	}
	add("plan", 24, s.prepare)
	add("depart", 20, s.depart)
	if reached(travelling) {
		return
	}
	add("arrive", 3, s.arrive)
	if reached(compromised) {
		add("compromise", 24*3, s.compromise)
		return
	}
	add("day 2", 48, s.follow(2))
	add("day 7", 24*5, s.follow(7))
	if reached(following) {
		return
	}
	add("day 30", 24*23, s.follow(30))
	add("close", 24, s.close)
}
