package ailleurs_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

func aCard() ailleurs.Card {
	return ailleurs.Card{
		Members: []ailleurs.HouseholdMember{
			{Age: "18-21", Works: true, Rome: []string{"G1603", "N1103"}, Level: 2, Nights: true},
			{Age: "0-2"},
		},
		Housing: []ailleurs.HousingKind{ailleurs.Studio, ailleurs.Hostel}, From: "2026-12-05", Speed: ailleurs.Normal,
		Prefer: []string{"r:75", "d:2A", "c:33063"}, Support: []ailleurs.Support{"childcare"}, Words: "héron-tuile",
	}
}

func TestCardIsListsOnly(t *testing.T) {
	if err := aCard().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change     func(*ailleurs.Card)
		key, field string
	}{
		"nobody":                  {func(c *ailleurs.Card) { c.Members = nil }, "card.household_size", "members"},
		"thirteen":                {func(c *ailleurs.Card) { c.Members = make([]ailleurs.HouseholdMember, 13) }, "card.household_size", "members"},
		"an exact age":            {func(c *ailleurs.Card) { c.Members[1].Age = "2" }, "card.age_band", "members[1].age"},
		"a child alone":           {func(c *ailleurs.Card) { c.Members = []ailleurs.HouseholdMember{{Age: "11-15"}} }, "card.nobody_sixteen", "members"},
		"a child at work":         {func(c *ailleurs.Card) { c.Members[1].Works, c.Members[1].AnyJob = true, true }, "card.too_young_to_work", "members[1].age"},
		"work of none":            {func(c *ailleurs.Card) { c.Members[0].Rome = nil }, "card.no_job_named", "members[0].rome"},
		"six jobs":                {func(c *ailleurs.Card) { c.Members[0].Rome = make([]string, 6) }, "card.too_many_jobs", "members[0].rome"},
		"a job in words":          {func(c *ailleurs.Card) { c.Members[0].Rome[1] = "cuisine" }, "card.rome", "members[0].rome[1]"},
		"a job of a child":        {func(c *ailleurs.Card) { c.Members[1].AnyJob = true }, "card.job_of_nonworker", "members[1].works"},
		"a level too high":        {func(c *ailleurs.Card) { c.Members[0].Level = 6 }, "card.level", "members[0].level"},
		"unknown housing":         {func(c *ailleurs.Card) { c.Housing[1] = "castle" }, "card.housing", "housing[1]"},
		"a private host, a minor": {func(c *ailleurs.Card) { c.Housing[1] = ailleurs.PrivateHost }, "card.minor_with_private_host", "housing[1]"},
		"no day":                  {func(c *ailleurs.Card) { c.From = "" }, "date.missing", "from"},
		"an impossible day":       {func(c *ailleurs.Card) { c.From = "2026-02-30" }, "date.impossible", "from"},
		"a wish in words":         {func(c *ailleurs.Card) { c.Prefer[0] = "la mer" }, "card.place_key", "prefer[0]"},
		"a wished member":         {func(c *ailleurs.Card) { c.Prefer[0] = "m:ABCDEFGHIJKLMNOPQRSTUVWXYZ" }, "card.place_key", "prefer[0]"},
		"six wishes":              {func(c *ailleurs.Card) { c.Prefer = make([]string, 6) }, "card.too_many_places", "prefer"},
		"unknown support":         {func(c *ailleurs.Card) { c.Support[0] = "other" }, "card.support", "support[0]"},
		"no words for the phone":  {func(c *ailleurs.Card) { c.Words = "" }, "card.words_missing", "words"},
		"an unknown speed":        {func(c *ailleurs.Card) { c.Speed = "" }, "case.unknown_speed", "speed"},
	} {
		t.Run(name, func(t *testing.T) {
			card := aCard()
			c.change(&card)
			refusedAt(t, card.Validate(), c.key, c.field)
		})
	}
}

func TestMinorNeedsAuthority(t *testing.T) {
	card := aCard()
	card.Members[1].Age = "16-17"
	person := ailleurs.PersonFile{Name: "Personne fictive", SafeContact: "par la sœur", Authority: ailleurs.NotNeeded, Agreements: ailleurs.Agreements}
	refusedAt(t, ailleurs.GuardDraft(card, person), "person.minor_needs_authority", "authority")
	for _, basis := range []ailleurs.AuthorityBasis{ailleurs.Parents, ailleurs.ChildWelfare, ailleurs.Judge} {
		person.Authority = basis
		if err := ailleurs.GuardDraft(card, person); err != nil {
			t.Errorf("%s: %v", basis, err)
		}
	}
	person.Authority = "word of honour"
	refusedAt(t, ailleurs.GuardDraft(card, person), "person.authority_missing", "authority")
	person.Authority, person.MinorsWithParent = ailleurs.NotNeeded, true
	if err := ailleurs.GuardDraft(card, person); err != nil {
		t.Errorf("with a parent: %v", err)
	}
	for i := range ailleurs.Agreements {
		without := person
		without.Agreements = append(append([]ailleurs.Agreement{}, ailleurs.Agreements[:i]...), ailleurs.Agreements[i+1:]...)
		refusedAt(t, ailleurs.GuardDraft(card, without), "person.agreement_missing", "agreements")
	}
	person.SafeContact = ""
	refusedAt(t, ailleurs.GuardDraft(card, person), "person.safe_contact_missing", "safe_contact")
}

func TestUrgencyOfTheEngine(t *testing.T) {
	card := aCard()
	for _, c := range []struct {
		speed ailleurs.Speed
		today ailleurs.Date
		want  int
	}{
		{ailleurs.Normal, "2026-11-04", 0},
		{ailleurs.Normal, "2026-11-05", 1},
		{ailleurs.Normal, "2026-12-20", 1},
		{ailleurs.Normal, "", 0},
		{ailleurs.Urgent, "2026-01-01", 2},
		{ailleurs.Imminent, "2026-01-01", 3},
	} {
		card.Speed = c.speed
		if got := card.Urgency(c.today); got != c.want {
			t.Errorf("%s on %s: urgency %d, want %d", c.speed, c.today, got, c.want)
		}
	}
}

func TestLimitsAreKeysAlone(t *testing.T) {
	l := ailleurs.LimitSet{Excluded: []string{"d:69", "c:13055", "m:ABCDEFGHIJKLMNOPQRSTUVWXYZ", "r:11"}, Home: "69123"}
	if err := l.Validate(); err != nil {
		t.Fatal(err)
	}
	if !l.Excludes("c:69123", "d:69") || l.Excludes("c:33063", "d:33", "r:75") {
		t.Error("a place is excluded by any of its keys, and by no other")
	}
	l.Excluded[1] = "chez son oncle"
	refusedAt(t, l.Validate(), "card.place_key", "excluded[1]")
	refusedAt(t, ailleurs.LimitSet{}.Validate(), "limits.home_missing", "home")
}

func TestAnswerFileFitsItsCard(t *testing.T) {
	card := aCard()
	a := ailleurs.AnswerFile{
		Kind: ailleurs.Propose, Home: ailleurs.NewID[ailleurs.PlaceID](), Jobs: []ailleurs.PlaceID{ailleurs.NewID[ailleurs.PlaceID]()}, From: "2026-12-10",
		Travel: "origin", FirstNight: "host", FirstMonth: "host",
		Bundle: &ailleurs.Bundle{
			Home: ailleurs.Offer{Kind: ailleurs.HomeOffer, Commune: "33063", Housing: ailleurs.Studio, Persons: 2},
			Jobs: []ailleurs.Offer{{Kind: ailleurs.JobOffer, Commune: "33063", Rome: "G1602"}},
		},
	}
	if err := a.Validate(card); err != nil {
		t.Fatal(err)
	}
	home := func(change func(*ailleurs.Offer)) func(*ailleurs.AnswerFile) {
		return func(a *ailleurs.AnswerFile) {
			b := *a.Bundle
			change(&b.Home)
			a.Bundle = &b
		}
	}
	for name, c := range map[string]struct {
		change     func(*ailleurs.AnswerFile)
		key, field string
	}{
		"no job for the worker":   {func(a *ailleurs.AnswerFile) { a.Jobs = nil }, "answer.job_for_each_worker", "jobs"},
		"no home":                 {func(a *ailleurs.AnswerFile) { a.Home = "" }, "answer.home_missing", "home"},
		"nobody pays":             {func(a *ailleurs.AnswerFile) { a.FirstNight = "" }, "answer.payer_missing", "first_night"},
		"a counter as asked":      {func(a *ailleurs.AnswerFile) { a.Kind = ailleurs.Counter }, "answer.difference_missing", "differs"},
		"no day":                  {func(a *ailleurs.AnswerFile) { a.From = "" }, "date.missing", "from"},
		"no question":             {func(a *ailleurs.AnswerFile) { a.Kind, a.Reason = ailleurs.Decline, ailleurs.CardNotEnough }, "answer.question_missing", "question"},
		"no reason":               {func(a *ailleurs.AnswerFile) { a.Kind = ailleurs.Decline }, "answer.reason_missing", "reason"},
		"places nobody describes": {func(a *ailleurs.AnswerFile) { a.Bundle = nil }, "answer.bundle_missing", "home"},
		"a job nobody describes":  {func(a *ailleurs.AnswerFile) { a.Bundle = &ailleurs.Bundle{Home: a.Bundle.Home} }, "answer.bundle_missing", "home"},
		"a home too small":        {home(func(o *ailleurs.Offer) { o.Persons = 1 }), "answer.home_too_small", "home"},
		"another kind of home":    {home(func(o *ailleurs.Offer) { o.Housing = ailleurs.Social }), "answer.other_housing", "home"},
		"a private host, a minor": {home(func(o *ailleurs.Offer) { o.Housing = ailleurs.PrivateHost }), "answer.minor_with_private_host", "home"},
		"redirected nowhere":      {func(a *ailleurs.AnswerFile) { a.Kind = ailleurs.Redirect }, "answer.redirect_missing", "redirect"},
		"an unknown kind":         {func(a *ailleurs.AnswerFile) { a.Kind = "perhaps" }, "answer.unknown_kind", "kind"},
	} {
		t.Run(name, func(t *testing.T) {
			file := a
			c.change(&file)
			refusedAt(t, file.Validate(card), c.key, c.field)
		})
	}
}

// A counter may differ from the card as far as it says so; no word of it lets a private host take a minor.
func TestCounterMayDifferAsFarAsItSaysSo(t *testing.T) {
	card := aCard()
	card.Accessible = true
	a := ailleurs.AnswerFile{
		Kind: ailleurs.Counter, Home: ailleurs.NewID[ailleurs.PlaceID](), From: "2026-12-10", Travel: "origin", FirstNight: "host", FirstMonth: "host",
		Differs: []ailleurs.Difference{"later_date"}, Bundle: &ailleurs.Bundle{Home: ailleurs.Offer{Housing: ailleurs.Studio, Persons: 1}},
	}
	refusedAt(t, a.Validate(card), "answer.home_too_small", "home")
	a.Differs = append(a.Differs, "smaller_home")
	refusedAt(t, a.Validate(card), "answer.home_not_accessible", "home")
	a.Differs = append(a.Differs, "other_housing")
	if err := a.Validate(card); err != nil {
		t.Error(err)
	}
	a.Differs, a.Bundle.Home.Housing = ailleurs.Differences, ailleurs.PrivateHost
	refusedAt(t, a.Validate(card), "answer.minor_with_private_host", "home")
}

func TestRepliesAreOfTheQuestionsList(t *testing.T) {
	for _, q := range ailleurs.CardQuestions {
		if len(ailleurs.CardReplies[q]) == 0 {
			t.Fatalf("nothing can be replied to %s", q)
		}
		if err := ailleurs.CheckReplies(q, ailleurs.CardReplies[q]); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
	refusedAt(t, ailleurs.CheckReplies("school_level", nil), "answer.reply_missing", "replies")
	refusedAt(t, ailleurs.CheckReplies("school_level", []ailleurs.CardReply{"primary", "primary"}), "answer.reply_unknown", "replies[1]")
	refusedAt(t, ailleurs.CheckReplies("school_level", []ailleurs.CardReply{"two_homes_near"}), "answer.reply_unknown", "replies[0]")
}

func TestNobodyTravelsWithAnOpenStep(t *testing.T) {
	plan := ailleurs.ArrivalFile{Address: "1 rue fictive", Date: "2026-12-10", Plan: ailleurs.MoveSteps}
	if err := plan.ReadyToTravel(); err != nil {
		t.Fatal(err)
	}
	for i := range ailleurs.MoveSteps {
		open := plan
		open.Plan = append(append([]ailleurs.MoveStep{}, ailleurs.MoveSteps[:i]...), ailleurs.MoveSteps[i+1:]...)
		refusedAt(t, open.ReadyToTravel(), "plan.step_open", "plan")
	}
	plan.Address = ""
	refusedAt(t, plan.ReadyToTravel(), "plan.address_missing", "address")
}

func TestOfferOfAHomeOrAJob(t *testing.T) {
	home := ailleurs.Offer{Kind: ailleurs.HomeOffer, Commune: "33063", Places: 1, From: "2026-12-01", Housing: ailleurs.Studio, Persons: 1, MinAge: 16, MaxAge: 25}
	job := ailleurs.Offer{Kind: ailleurs.JobOffer, Commune: "33063", Places: 2, From: "2026-12-15", Rome: "G1602", Contract: ailleurs.Apprenticeship, Level: 2, Hours: ailleurs.DayHours}
	for _, o := range []ailleurs.Offer{home, job} {
		if err := o.Validate(); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		of         ailleurs.Offer
		change     func(*ailleurs.Offer)
		key, field string
	}{
		"no place":           {home, func(o *ailleurs.Offer) { o.Places = 0 }, "offer.places", "places"},
		"ends first":         {home, func(o *ailleurs.Offer) { o.Until = "2026-11-30" }, "offer.until_before_from", "until"},
		"unknown housing":    {home, func(o *ailleurs.Offer) { o.Housing = "castle" }, "offer.housing_kind", "housing"},
		"for nobody":         {home, func(o *ailleurs.Offer) { o.Persons = 0 }, "offer.persons", "persons"},
		"between two bands":  {home, func(o *ailleurs.Offer) { o.MinAge = 17 }, "offer.age_edge", "min_age"},
		"up to between":      {home, func(o *ailleurs.Offer) { o.MaxAge = 30 }, "offer.age_edge", "max_age"},
		"ages crossed":       {home, func(o *ailleurs.Offer) { o.MinAge, o.MaxAge = 26, 25 }, "offer.ages_crossed", "max_age"},
		"minors with a host": {home, func(o *ailleurs.Offer) { o.Housing = ailleurs.PrivateHost }, "offer.host_adults_only", "min_age"},
		"rooms":              {home, func(o *ailleurs.Offer) { o.Rooms = 13 }, "offer.rooms", "rooms"},
		"a job in words":     {job, func(o *ailleurs.Offer) { o.Rome = "cuisine" }, "offer.rome", "rome"},
		"unknown contract":   {job, func(o *ailleurs.Offer) { o.Contract = "handshake" }, "offer.contract", "contract"},
		"level":              {job, func(o *ailleurs.Offer) { o.Level = 6 }, "offer.level", "level"},
		"hours":              {job, func(o *ailleurs.Offer) { o.Hours = "always" }, "offer.hours", "hours"},
		"neither":            {job, func(o *ailleurs.Offer) { o.Kind = "car" }, "offer.kind", "kind"},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.of
			c.change(&o)
			refusedAt(t, o.Validate(), c.key, c.field)
		})
	}
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	home.ConfirmedAt = at
	if !home.Fresh(at.Add(ailleurs.OfferFresh-1)) || home.Fresh(at.Add(ailleurs.OfferFresh)) {
		t.Error("an offer is shown for 14 days after it was confirmed")
	}
	home.WithdrawnAt = at
	if home.Fresh(at) {
		t.Error("a withdrawn offer is shown")
	}
}
