package ailleurs

import (
	"testing"
	"time"
)

func wantRefusal(t *testing.T, err error, key string) {
	t.Helper()
	switch r := AsRefusal(err); {
	case key == "" && err != nil:
		t.Errorf("refused: %v", err)
	case key != "" && (r == nil || r.Key != key):
		t.Errorf("got %v, want %s", err, key)
	}
}

func TestSignatureCountsWhereItMay(t *testing.T) {
	at := func(m MemberID, roles ...Role) Actor { return Actor{Agent: "A", Member: m, Roles: roles} }
	for _, c := range []struct {
		name    string
		actor   Actor
		kind    RegisterKind
		subject AgentID
		guards  bool
		want    bool
	}{
		{"a colleague confirms a key", at("M", Caseworker), RegisterKey, "B", false, true},
		{"an élu confirms a key", at("M", Signatory), RegisterKey, "B", false, true},
		{"someone elsewhere", at("N", Caseworker), RegisterKey, "B", false, false},
		{"a coordinator elsewhere", at("N", Coordinator), RegisterKey, "B", false, true},
		{"oneself", at("M", Caseworker, Coordinator), RegisterKey, "A", false, false},
		{"a guarantor", at("M", Guarantor), RegisterTeam, "B", false, false},
		{"nobody", Actor{Member: "M"}, RegisterTeam, "B", false, false},
		{"without a role", at("M"), RegisterTeam, "B", false, false},
		{"a colleague names a coordinator", at("M", Caseworker), RegisterTeam, "B", true, false},
		{"a coordinator names a coordinator", at("N", Coordinator), RegisterTeam, "B", true, true},
		{"a colleague admits a member", at("M", Caseworker), RegisterAccession, "", false, false},
		{"a coordinator admits a member", at("N", Coordinator), RegisterAccession, "", false, true},
	} {
		if got := c.actor.MayApprove(c.kind, "M", c.subject, c.guards); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestNobodyCanLockThemselvesOut(t *testing.T) {
	passkey := Unlocker{Kind: PasskeyUnlocker, Opens: true, Proven: true}
	key := Unlocker{Kind: PasskeyUnlocker, Opens: true, Independent: true, Proven: true}
	mute := Unlocker{Kind: PasskeyUnlocker, Proven: true}
	phrase := Unlocker{Kind: PassphraseUnlocker, Opens: true, Proven: true}
	paper := Unlocker{Kind: PaperUnlocker, Opens: true, Independent: true, Proven: true}
	untried := paper
	untried.Proven = false
	for _, c := range []struct {
		set  []Unlocker
		want string
	}{
		{nil, "unlocker.two_needed"},
		{[]Unlocker{paper}, "unlocker.two_needed"},
		{[]Unlocker{paper, untried}, "unlocker.two_needed"},
		{[]Unlocker{paper, mute}, "unlocker.two_needed"},
		{[]Unlocker{passkey, phrase}, "unlocker.none_independent"},
		{[]Unlocker{passkey, phrase, untried}, "unlocker.none_independent"},
		{[]Unlocker{phrase, phrase, {Kind: PassphraseUnlocker, Opens: true, Independent: true, Proven: true}}, "unlocker.none_signs_in"},
		{[]Unlocker{passkey, paper}, ""},
		{[]Unlocker{phrase, paper}, ""},
		{[]Unlocker{key, phrase}, ""},
		{[]Unlocker{mute, phrase, paper}, ""},
	} {
		wantRefusal(t, CheckUnlockers(c.set), c.want)
	}
}

func TestRolesThatDoNotGoTogetherAreRefused(t *testing.T) {
	for _, c := range []struct {
		roles []Role
		want  string
	}{
		{nil, "agent.no_role"},
		{[]Role{"mayor"}, "agent.unknown_role"},
		{[]Role{Caseworker, Caseworker}, "agent.role_twice"},
		{[]Role{Guarantor, Caseworker}, "agent.guarantor_alone"},
		{[]Role{Guarantor}, ""},
		{[]Role{Caseworker, DutyOfficer, Coordinator}, ""},
	} {
		wantRefusal(t, CheckRoles(c.roles), c.want)
	}
	wantRefusal(t, Actor{Roles: []Role{Caseworker}}.Require(Caseworker), "")
	wantRefusal(t, Actor{Roles: []Role{Caseworker}}.Require(Signatory), "actor.role_needed")
}

func TestAbsenceRunsFromItsStartToTheReturn(t *testing.T) {
	from := time.Date(2027, 3, 12, 9, 0, 0, 0, time.UTC)
	a := Absence{From: from, Until: from.Add(time.Hour), Deputy: "B"}
	for d, want := range map[time.Duration]bool{-1: false, 0: true, time.Hour - 1: true, time.Hour: false} {
		if a.Covers(from.Add(d)) != want {
			t.Errorf("%v after its start: %v", d, !want)
		}
	}
	if (Absence{}).Covers(from) {
		t.Error("no absence covers something")
	}
	wantRefusal(t, a.Validate("A", from.Add(30*time.Minute)), "")
	wantRefusal(t, a.Validate("A", from.Add(time.Hour)), "absence.ends_too_early")
	wantRefusal(t, a.Validate("B", from), "absence.own_deputy")
}
