package alliance_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// storeForOne is a database for a promise that the engine has no part in.
func storeForOne(t *testing.T) *store.DB {
	t.Helper()
	return storetest.SQLite(t, storetest.Setup{})
}

func TestDeputyStandsInWhileAway(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, team := h.town(c, "Lyon", "69123")
		lead, second, signatory := team[0], team[1], team[2]
		away := ailleurs.Absence{From: h.at.Add(time.Hour), Until: h.at.Add(48 * time.Hour), Deputy: second.id}

		set := func(by *person, who *person, a ailleurs.Absence) error {
			return h.a.SetAbsence(h.Context(), by.viewer.Actor, who.id, a, h.at)
		}
		h.refused(set(second, lead, away), "agent.unknown") // a colleague is neither the agent nor the lead
		h.refused(set(c[0], lead, away), "agent.unknown")
		for want, change := range map[string]func(*ailleurs.Absence){
			"absence.no_start":       func(a *ailleurs.Absence) { a.From = time.Time{} },
			"absence.ends_too_early": func(a *ailleurs.Absence) { a.Until = a.From },
			"absence.too_long":       func(a *ailleurs.Absence) { a.Until = a.From.Add(ailleurs.LongestAbsence + time.Hour) },
			"absence.no_deputy":      func(a *ailleurs.Absence) { a.Deputy = "" },
			"absence.own_deputy":     func(a *ailleurs.Absence) { a.Deputy = lead.id },
			"absence.unfit_deputy":   func(a *ailleurs.Absence) { a.Deputy = signatory.id },
		} {
			bad := away
			change(&bad)
			h.refused(set(lead, lead, bad), want)
		}
		h.must(set(lead, lead, away))
		back := away
		back.Deputy = lead.id
		h.refused(set(second, second, back), "absence.deputy_away")

		deputies := func() int {
			teams, err := h.a.Teams(h.Context(), []ailleurs.MemberID{id}, h.at)
			h.must(err)
			for _, d := range teams[0].Deputies {
				if d.For != lead.id || d.Key.Agent != second.id || d.Key.Recipient != second.recipient {
					t.Errorf("deputy %+v", d)
				}
			}
			return len(teams[0].Deputies)
		}
		if deputies() != 0 {
			t.Error("a deputy before the absence")
		}
		h.pass(2 * time.Hour)
		if deputies() != 1 {
			t.Error("no deputy during the absence")
		}
		for _, p := range team {
			p.mustSignIn()
		}
		h.must(h.a.EndAbsence(h.Context(), lead.viewer.Actor, lead.id, h.at))
		h.refused(h.a.EndAbsence(h.Context(), lead.viewer.Actor, lead.id, h.at), "absence.none")
		if deputies() != 0 {
			t.Error("a deputy after the return")
		}
	})
}

func TestPeopleAreShownToTheirOwn(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, team := h.town(c, "Lyon", "69123")
		_, other := h.town(c, "Bordeaux", "33063")
		_, err := h.a.People(h.Context(), other[0].viewer.Actor, id, h.at)
		h.refused(err, "member.unknown")
		i, err := h.a.Invite(h.Context(), team[0].viewer.Actor, invitee(id, "Nouvelle", ailleurs.Caseworker), h.at)
		h.must(err)
		waiting := h.invited(team[0], id, "Attend", ailleurs.Caseworker)
		_, err = h.a.People(h.Context(), waiting.viewer.Actor, id, h.at)
		h.refused(err, "member.unknown")
		for _, by := range []*person{team[0], c[0]} {
			v, err := h.a.People(h.Context(), by.viewer.Actor, id, h.at)
			h.must(err)
			if len(v.People) != 4 || len(v.Invitations) != 1 || v.Invitations[0].ID != i.ID {
				t.Fatalf("%+v", v)
			}
			waits := 0
			for _, p := range v.People {
				if p.Waits {
					waits++
				}
			}
			if waits != 1 {
				t.Errorf("%d wait", waits)
			}
		}
		h.refused(h.a.WithdrawInvitation(h.Context(), other[0].viewer.Actor, i.ID, h.at), "invitation.unknown")
		h.must(h.a.WithdrawInvitation(h.Context(), team[1].viewer.Actor, i.ID, h.at))
		h.refused(h.a.WithdrawInvitation(h.Context(), team[1].viewer.Actor, i.ID, h.at), "invitation.over")
		_, err = h.a.OpenInvitation(h.Context(), i.Words.Reveal(), "test", h.at)
		h.refused(err, "invitation.over")
	})
}

func TestInvitationOfNobodyIsRefused(t *testing.T) {
	h := newHub(t, storeForOne(t))
	c := h.founded()
	id, _, err := h.a.ProposeMember(h.Context(), c[0].viewer.Actor, h.lyon(), h.at)
	h.must(err)
	ok := invitee(c[0].member, "Une personne", ailleurs.DutyOfficer)
	for _, x := range []struct {
		want   string
		change func(*alliance.NewInvitation)
	}{
		{"name.empty", func(n *alliance.NewInvitation) { n.Name = "" }},
		{"name.bad_character", func(n *alliance.NewInvitation) { n.Name = "a<b" }},
		{"agent.bad_email", func(n *alliance.NewInvitation) { n.Email = "nobody" }},
		{"agent.bad_email", func(n *alliance.NewInvitation) { n.Email = "A B <a@town.example>" }},
		{"agent.unknown_lang", func(n *alliance.NewInvitation) { n.Lang = "de" }},
		{"agent.no_role", func(n *alliance.NewInvitation) { n.Roles = nil }},
		{"agent.unknown_role", func(n *alliance.NewInvitation) { n.Roles = []ailleurs.Role{"mayor"} }},
		{"agent.email_taken", func(n *alliance.NewInvitation) { n.Email = "un@hub.example" }},
		{"member.not_admitted", func(n *alliance.NewInvitation) { n.Member = id }},
	} {
		n := ok
		x.change(&n)
		_, err := h.a.Invite(h.Context(), c[0].viewer.Actor, n, h.at)
		h.refused(err, x.want)
	}
}

func TestPreferencesAreKept(t *testing.T) {
	h := newHub(t, storeForOne(t))
	p := h.founded()[0]
	want := alliance.Preference{Lang: "en", Notices: ailleurs.NoticesAll, Pace: ailleurs.Weekly}
	h.must(h.a.Prefer(h.Context(), p.viewer, want, h.at))
	who, err := h.a.Profile(h.Context(), p.viewer)
	h.must(err)
	if got := (alliance.Preference{Lang: who.Lang, Notices: who.Notices, Pace: who.Pace}); got != want {
		t.Errorf("%+v", got)
	}
	if p.look(); p.viewer.Lang != "en" {
		t.Errorf("the session speaks %s", p.viewer.Lang)
	}
	h.refused(h.a.Prefer(h.Context(), p.viewer, alliance.Preference{Lang: "de", Notices: ailleurs.NoticesAll, Pace: ailleurs.Daily}, h.at), "agent.unknown_lang")
	h.refused(h.a.Prefer(h.Context(), p.viewer, alliance.Preference{Lang: "fr", Notices: "some", Pace: ailleurs.Daily}, h.at), "agent.unknown_notices")
	h.refused(h.a.Prefer(h.Context(), p.viewer, alliance.Preference{Lang: "fr", Notices: ailleurs.NoticesAll, Pace: "hourly"}, h.at), "agent.unknown_pace")
}

func TestMembersAreFoundAsPeopleType(t *testing.T) {
	h := newHub(t, storeForOne(t))
	c := h.founded()
	for name, code := range map[string]string{"Saint-Étienne": "42218", "Saint-Denis": "93066", "Épinay-sur-Seine": "93031"} {
		_, _, err := h.a.ProposeMember(h.Context(), c[0].viewer.Actor, alliance.NewMember{Kind: ailleurs.Commune, Name: name, Code: code, Charter: h.at}, h.at)
		h.must(err)
	}
	c[0].approve(everything)
	c[1].approve(everything)
	for _, x := range []struct {
		f    alliance.MemberFilter
		want int
	}{
		{alliance.MemberFilter{}, 4},
		{alliance.MemberFilter{Kind: ailleurs.Commune}, 3},
		{alliance.MemberFilter{Text: "ETIENNE"}, 1},
		{alliance.MemberFilter{Text: "saint"}, 2},
		{alliance.MemberFilter{Text: "saint", Departement: "93"}, 1},
		{alliance.MemberFilter{Departement: "93"}, 2},
		{alliance.MemberFilter{Text: "epinay seine"}, 1},
		{alliance.MemberFilter{Callable: true}, 0},
		{alliance.MemberFilter{Limit: 2}, 2},
	} {
		got, err := h.a.Members(h.Context(), x.f)
		h.must(err)
		if len(got) != x.want {
			t.Errorf("%+v finds %d, want %d", x.f, len(got), x.want)
		}
	}
	presence, err := h.a.Presence(h.Context())
	h.must(err)
	if presence["93"] != 2 || presence["42"] != 1 || presence["75"] != 0 {
		t.Errorf("%v", presence)
	}
}

// told takes the notices that wait away and returns whom they are for.
func (h *hub) told() map[ailleurs.AgentID]bool {
	h.Helper()
	out := make(map[ailleurs.AgentID]bool)
	h.must(h.db.Update(h.Context(), func(tx *store.Tx) error {
		ids, err := store.All[ailleurs.AgentID](tx, "DELETE FROM job WHERE kind = 'notice' RETURNING subject")
		for _, id := range ids {
			out[id] = true
		}
		return err
	}))
	return out
}

func TestWhoseSignatureIsAwaitedIsTold(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		h.told()
		tells := func(what string, want ...*person) {
			t.Helper()
			got := h.told()
			for _, p := range want {
				if !got[p.id] {
					t.Errorf("%s: someone is not told", what)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s: %d are told, want %d", what, len(got), len(want))
			}
		}
		_, _, err := h.a.ProposeMember(h.Context(), c[0].viewer.Actor, alliance.NewMember{Kind: ailleurs.Commune, Name: "Bordeaux", Code: "33063", Charter: h.at}, h.at)
		h.must(err)
		tells("a member to admit", c[1], c[2])

		id, team := h.town(c, "Lyon", "69123")
		h.told()
		i, err := h.a.Invite(h.Context(), team[0].viewer.Actor, invitee(id, "Une personne", ailleurs.Caseworker), h.at)
		h.must(err)
		p := h.enrolled(i)
		tells("keys that are not proven yet")
		p.proveAll()
		tells("keys to confirm", team[0], team[1], team[2])
		for _, by := range team[:2] {
			by.approve(about(p.id))
		}
		h.told()
		_, err = h.a.ProposeRevocation(h.Context(), team[0].viewer.Actor, p.id, h.at)
		h.must(err)
		tells("keys to revoke", team[1], team[2])
		_, err = h.a.ProposeRole(h.Context(), c[0].viewer.Actor, team[0].id, id, ailleurs.Coordinator, false, h.at)
		h.must(err)
		tells("a coordinator to name", c[1], c[2])
	})
}
