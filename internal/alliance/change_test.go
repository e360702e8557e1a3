package alliance_test

import (
	"slices"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

func (h *hub) lyon() alliance.NewMember {
	return alliance.NewMember{Kind: ailleurs.Commune, Name: "Lyon", Code: "69123", Charter: h.at}
}

func TestOnePersonAloneCannotAdmit(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, change, err := h.a.ProposeMember(h.Context(), c[0].viewer.Actor, h.lyon(), h.at)
		h.must(err)
		admitted := func() bool {
			m, err := h.a.Member(h.Context(), id)
			h.must(err)
			return !m.AdmittedAt.IsZero()
		}
		first := c[0].approvals(everything)
		done, err := h.a.Approve(h.Context(), c[0].viewer.Actor, first, h.at)
		h.must(err)
		if len(done) != 0 || admitted() {
			t.Fatal("one signature admitted a member")
		}
		_, err = h.a.Approve(h.Context(), c[0].viewer.Actor, first, h.at)
		h.refused(err, "change.already_signed")
		_, err = h.a.Approve(h.Context(), c[1].viewer.Actor, first, h.at) // another's signature is not one's own
		h.refused(err, "signature.other_signer")
		if admitted() {
			t.Fatal("one person signed twice")
		}
		done, err = h.a.Approve(h.Context(), c[1].viewer.Actor, c[1].approvals(everything), h.at)
		h.must(err)
		if !slices.Equal(done, []alliance.ChangeID{change}) || !admitted() {
			t.Errorf("two signatures did %v", done)
		}
		late := []alliance.Approval{{Change: change, Signed: first[0].Signed}}
		_, err = h.a.Approve(h.Context(), c[2].viewer.Actor, late, h.at)
		h.refused(err, "change.applied")
	})
}

func TestOnlyCoordinatorsAdmit(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		_, team := h.town(c, "Lyon", "69123")
		n := alliance.NewMember{Kind: ailleurs.Commune, Name: "Bordeaux", Code: "33063", Charter: h.at}
		_, _, err := h.a.ProposeMember(h.Context(), team[0].viewer.Actor, n, h.at)
		h.refused(err, "actor.role_needed")
		_, change, err := h.a.ProposeMember(h.Context(), c[0].viewer.Actor, n, h.at)
		h.must(err)
		_, err = h.a.Approve(h.Context(), team[0].viewer.Actor, []alliance.Approval{{Change: change, Signed: []byte("x")}}, h.at)
		h.refused(err, "change.unknown")
		h.refused(h.a.Drop(h.Context(), team[0].viewer.Actor, change, h.at), "change.unknown")
		h.must(h.a.Drop(h.Context(), c[2].viewer.Actor, change, h.at))
		_, err = h.a.Approve(h.Context(), c[1].viewer.Actor, []alliance.Approval{{Change: change, Signed: []byte("x")}}, h.at)
		h.refused(err, "change.over")
		_, _, err = h.a.ProposeMember(h.Context(), c[0].viewer.Actor, n, h.at)
		h.must(err)
	})
}

func TestMemberWhoseNumbersDisagreeIsRefused(t *testing.T) {
	ground, err := territory.Load()
	if err != nil {
		t.Fatal(err)
	}
	h := newHub(t, storeForOne(t))
	h.cfg.Territory = ground
	h.open()
	c := h.founded()
	lyon, ok := ground.Commune("69123")
	if !ok {
		t.Fatal("no Lyon")
	}
	for _, x := range []struct {
		want string
		m    alliance.NewMember
	}{
		{"member.unknown_kind", alliance.NewMember{Kind: "party", Name: "X", Code: "69123", Charter: h.at}},
		{"member.unknown_commune", alliance.NewMember{Kind: ailleurs.Commune, Name: "X", Code: "69000", Charter: h.at}},
		{"member.siren_of_another", alliance.NewMember{Kind: ailleurs.Commune, Name: "X", Code: "33063", Siren: lyon.SIREN, Charter: h.at}},
		{"member.bad_siren", alliance.NewMember{Kind: ailleurs.Commune, Name: "X", Code: "69123", Siren: "123456789", Charter: h.at}},
		{"member.unknown_epci", alliance.NewMember{Kind: ailleurs.EPCI, Name: "X", Code: "732829320", Charter: h.at}},
		{"member.unknown_departement", alliance.NewMember{Kind: ailleurs.Departement, Name: "X", Code: "99", Siren: "732829320", Charter: h.at}},
		{"member.siren_needed", alliance.NewMember{Kind: ailleurs.Association, Name: "X", Code: "69123", Charter: h.at}},
		{"member.siren_of_another", alliance.NewMember{Kind: ailleurs.Association, Name: "X", Code: "69123", Siren: lyon.SIREN, Charter: h.at}},
		{"member.charter_not_signed", alliance.NewMember{Kind: ailleurs.Commune, Name: "X", Code: "69123"}},
		{"member.charter_not_signed", alliance.NewMember{Kind: ailleurs.Commune, Name: "X", Code: "69123", Charter: h.at.Add(time.Hour)}},
		{"name.empty", alliance.NewMember{Kind: ailleurs.Commune, Name: " ", Code: "69123", Charter: h.at}},
	} {
		_, _, err := h.a.ProposeMember(h.Context(), c[0].viewer.Actor, x.m, h.at)
		h.refused(err, x.want)
	}
	_, _, err = h.a.ProposeMember(h.Context(), c[0].viewer.Actor, alliance.NewMember{Kind: ailleurs.Commune, Name: "Lyon", Code: "69123", Siren: lyon.SIREN, Charter: h.at}, h.at)
	h.must(err)
	_, _, err = h.a.ProposeMember(h.Context(), c[0].viewer.Actor, h.lyon(), h.at)
	h.refused(err, "member.known")
}

func TestNobodyApprovesThemselves(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		_, team := h.town(c, "Lyon", "69123")
		_, err := h.a.ProposeRole(h.Context(), team[0].viewer.Actor, team[0].id, team[0].member, ailleurs.DutyOfficer, false, h.at)
		h.refused(err, "change.not_yours")
		_, err = h.a.ProposeRevocation(h.Context(), team[0].viewer.Actor, team[0].id, h.at) // to go, one may ask
		h.must(err)
		changes, err := h.a.Changes(h.Context(), team[0].viewer.Actor, h.at)
		h.must(err)
		if len(changes) != 1 || changes[0].MaySign {
			t.Fatalf("the agent sees %+v", changes)
		}
		_, err = h.a.Approve(h.Context(), team[0].viewer.Actor, []alliance.Approval{{Change: changes[0].ID, Signed: team[0].sign(changes[0].Approval)}}, h.at)
		h.refused(err, "change.about_oneself")
	})
}

func TestColleaguesNameNobodyToGuardTheAlliance(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		_, team := h.town(c, "Lyon", "69123")
		for _, role := range []ailleurs.Role{ailleurs.Coordinator, ailleurs.Guarantor} {
			_, err := h.a.ProposeRole(h.Context(), team[1].viewer.Actor, team[0].id, team[0].member, role, false, h.at)
			h.refused(err, "change.not_yours")
			_, err = h.a.Invite(h.Context(), team[1].viewer.Actor, invitee(team[0].member, "Une personne", role), h.at)
			h.refused(err, "change.not_yours")
		}
		_, err := h.a.ProposeRole(h.Context(), c[0].viewer.Actor, team[0].id, team[0].member, ailleurs.Guarantor, false, h.at)
		h.refused(err, "agent.guarantor_alone")
		// A coordinator's new key is confirmed by coordinators, not by colleagues of their town.
		_, err = h.a.ProposeRole(h.Context(), c[0].viewer.Actor, team[0].id, team[0].member, ailleurs.Coordinator, false, h.at)
		h.must(err)
		c[0].approve(everything)
		c[1].approve(everything)
		i, err := h.a.Reinvite(h.Context(), c[0].viewer.Actor, team[0].id, h.at)
		h.must(err)
		h.enrol(i)
		if got := team[1].approvals(about(team[0].id)); len(got) != 0 {
			t.Errorf("a colleague may sign %d changes of a coordinator", len(got))
		}
	})
}

func TestLastLeadStays(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, team := h.town(c, "Lyon", "69123")
		_, err := h.a.ProposeDeparture(h.Context(), team[1].viewer.Actor, team[0].id, h.at)
		h.refused(err, "team.post_held")
		_, err = h.a.ProposeRole(h.Context(), team[1].viewer.Actor, team[2].id, id, ailleurs.Signatory, true, h.at)
		h.refused(err, "team.post_held")
		_, err = h.a.ProposePosts(h.Context(), team[1].viewer.Actor, id, ailleurs.Team{Second: team[1].id, Signatory: team[2].id}, h.at)
		h.refused(err, "team.three_people")

		next := h.join(c, id, "Lyon suivante", ailleurs.Caseworker)
		_, err = h.a.ProposePosts(h.Context(), team[1].viewer.Actor, id, ailleurs.Team{Lead: c[0].id, Second: team[1].id, Signatory: team[2].id}, h.at)
		h.refused(err, "team.not_named")
		posts := ailleurs.Team{Lead: next.id, Second: team[1].id, Signatory: team[2].id}
		_, err = h.a.ProposePosts(h.Context(), team[1].viewer.Actor, id, posts, h.at)
		h.must(err)
		team[1].approve(everything)
		next.approve(everything)
		m, err := h.a.Member(h.Context(), id)
		h.must(err)
		if m.Team != posts {
			t.Fatalf("the team is %+v", m.Team)
		}
		_, err = h.a.ProposeDeparture(h.Context(), team[1].viewer.Actor, team[0].id, h.at)
		h.must(err)
		team[1].approve(about(team[0].id))
		team[0].look()
		team[2].approve(about(team[0].id))
		team[0].dead()
		v, err := h.a.People(h.Context(), team[1].viewer.Actor, id, h.at)
		h.must(err)
		if len(v.People) != 3 {
			t.Errorf("%d people left", len(v.People))
		}
	})
}

func TestThreeCoordinatorsAreAlwaysLeft(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		_, err := h.a.ProposeDeparture(h.Context(), c[0].viewer.Actor, c[1].id, h.at)
		h.refused(err, "team.three_coordinators")
		h.join(c, c[0].member, "Quatrième", ailleurs.Coordinator)
		_, err = h.a.ProposeDeparture(h.Context(), c[0].viewer.Actor, c[1].id, h.at)
		h.must(err)
	})
}

func TestWhoCarriesCasesPassesThemOnFirst(t *testing.T) {
	onBoth(t, func(h *hub) {
		open := map[ailleurs.AgentID]int{}
		h.cfg.OpenCases = func(_ *store.Tx, agent ailleurs.AgentID) (int, error) { return open[agent], nil }
		h.open()
		c := h.founded()
		id, team := h.town(c, "Lyon", "69123")
		p := h.join(c, id, "Une autre", ailleurs.Caseworker)
		open[p.id] = 2
		_, err := h.a.ProposeDeparture(h.Context(), team[0].viewer.Actor, p.id, h.at)
		h.refused(err, "agent.holds_cases")
		open[p.id] = 0
		_, err = h.a.ProposeDeparture(h.Context(), team[0].viewer.Actor, p.id, h.at)
		h.must(err)
		team[0].approve(about(p.id))
		open[p.id] = 1 // between the two signatures
		_, err = h.a.Approve(h.Context(), team[1].viewer.Actor, team[1].approvals(about(p.id)), h.at)
		h.refused(err, "agent.holds_cases")
		p.look()
		// A key in the wrong hands is revoked all the same.
		_, err = h.a.ProposeRevocation(h.Context(), team[0].viewer.Actor, p.id, h.at)
		h.refused(err, "change.waits_already")
		revocation := func(x alliance.Change) bool { return x.Kind == alliance.Revocation && x.Agent == p.id }
		team[1].approve(revocation)
		p.dead()
	})
}

func TestRevokedKeySignsNothing(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		_, team := h.town(c, "Lyon", "69123")
		_, err := h.a.ProposeRevocation(h.Context(), team[1].viewer.Actor, team[0].id, h.at)
		h.must(err)
		team[1].approve(about(team[0].id))
		team[2].approve(about(team[0].id))
		_, err = h.a.ProposeRole(h.Context(), team[1].viewer.Actor, team[2].id, team[2].member, ailleurs.DutyOfficer, false, h.at)
		h.must(err)
		_, err = h.a.Approve(h.Context(), team[0].viewer.Actor, team[0].approvals(about(team[2].id)), h.at)
		h.refused(err, "signature.no_live_key")
		teams, err := h.a.Teams(h.Context(), []ailleurs.MemberID{team[0].member}, h.at)
		h.must(err)
		if teams[0].Lead != nil || teams[0].Callable() {
			t.Error("a call can be sealed to a revoked key")
		}
	})
}

func TestRolesComeBeforeTheKeyTheyAreFor(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		p := h.invited(c[0], c[0].member, "Une personne", ailleurs.DutyOfficer)
		key := func(x alliance.Change) bool { return x.Agent == p.id && x.Kind == alliance.KeyChange }
		c[0].approve(key)
		_, err := h.a.Approve(h.Context(), c[1].viewer.Actor, c[1].approvals(key), h.at)
		h.refused(err, "change.roles_first")
		c[0].approve(about(p.id))
		c[1].approve(about(p.id))
		p.look()
		if !p.viewer.Is(ailleurs.DutyOfficer) {
			t.Errorf("%+v", p.viewer)
		}
	})
}

func TestKeysAreRevokedBeforeTheLastRoleIsLeft(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, team := h.town(c, "Lyon", "69123")
		p := h.join(c, id, "Une autre", ailleurs.Caseworker)
		_, err := h.a.ProposeDeparture(h.Context(), team[0].viewer.Actor, p.id, h.at)
		h.must(err)
		roles := func(x alliance.Change) bool { return x.Agent == p.id && x.Kind == alliance.TeamChange }
		team[0].approve(about(p.id))
		_, err = h.a.Approve(h.Context(), team[1].viewer.Actor, team[1].approvals(roles), h.at)
		h.refused(err, "change.revocation_first")
		team[1].approve(about(p.id))
		p.dead()
	})
}

func TestSecondMayComeFromANeighbour(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		_, lyon := h.town(c, "Lyon", "69123")
		small, _, err := h.a.ProposeMember(h.Context(), c[0].viewer.Actor, alliance.NewMember{Kind: ailleurs.Commune, Name: "Vernaison", Code: "69260", Charter: h.at}, h.at)
		h.must(err)
		c[0].approve(everything)
		c[1].approve(everything)
		lead := h.join(c, small, "Référente", ailleurs.Caseworker)
		mayor := h.join(c, small, "Signataire", ailleurs.Signatory)
		_, err = h.a.ProposeRole(h.Context(), c[0].viewer.Actor, lyon[1].id, small, ailleurs.Caseworker, false, h.at)
		h.must(err)
		c[0].approve(everything)
		c[1].approve(everything)
		_, err = h.a.ProposePosts(h.Context(), lead.viewer.Actor, small, ailleurs.Team{Lead: lead.id, Second: lyon[1].id, Signatory: mayor.id}, h.at)
		h.must(err)
		lead.approve(everything)
		mayor.approve(everything)
		teams, err := h.a.Teams(h.Context(), []ailleurs.MemberID{small}, h.at)
		h.must(err)
		if !teams[0].Callable() || teams[0].Second.Agent != lyon[1].id {
			t.Errorf("%+v", teams[0])
		}
		v, err := h.a.People(h.Context(), lead.viewer.Actor, small, h.at)
		h.must(err)
		if n := len(v.People); n != 3 {
			t.Errorf("%d people", n)
		}
	})
}

func TestNobodyIsOnDutyWhereNothingRings(t *testing.T) {
	h := newHub(t, storeForOne(t))
	c := h.founded()
	p := h.invited(c[0], c[0].member, "Une personne", ailleurs.DutyOfficer)
	c[0].approve(about(p.id))
	h.cfg.NoRinger = true
	h.open()
	_, err := h.a.Approve(h.Context(), c[1].viewer.Actor, c[1].approvals(about(p.id)), h.at)
	h.refused(err, "agent.duty_needs_ringer") // proposed while there was a ringer
	_, err = h.a.Invite(h.Context(), c[0].viewer.Actor, invitee(c[0].member, "Une autre", ailleurs.DutyOfficer), h.at)
	h.refused(err, "agent.duty_needs_ringer")
	_, err = h.a.ProposeRole(h.Context(), c[0].viewer.Actor, c[1].id, c[1].member, ailleurs.DutyOfficer, false, h.at)
	h.refused(err, "agent.duty_needs_ringer")
}
