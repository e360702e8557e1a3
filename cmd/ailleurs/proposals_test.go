package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/match"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A coordinator takes the sealed cards to a command line, has ailleurs match solve them, and reads the plan in words.
func TestOpenCasesAreSolvedOnTheCommandLine(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	cfg := hub.Config{Data: filepath.Join(dir, "data"), Origin: "http://localhost:8080", Demo: true, Now: func() time.Time { return at }}
	if err := hub.NewLogs(cfg, "demo"); err != nil {
		t.Fatal(err)
	}
	h, err := hub.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	people, err := demo.Build(t.Context(), h, demo.Size{Towns: 12, Cases: 30}, at)
	if err != nil {
		t.Fatal(err)
	}
	me := people[len(people)-1]
	if me.Key != "coordination" {
		t.Fatalf("the last persona is %s", me.Key)
	}
	sealed := filepath.Join(dir, "cartes-scellees.json")
	if n := exportSealed(t, h, me.Agent, sealed, at); n < 3 {
		t.Fatalf("only %d cases name the coordinator", n)
	}
	trousseau := wrapped(t, h, me, dir)

	text, err := coffre(t, me.Paper, "instance", "--trousseau", trousseau, sealed)
	if err != nil {
		t.Fatal(err)
	}
	in, err := match.Read(strings.NewReader(text))
	if err != nil {
		t.Fatalf("ailleurs match says of the instance: %v", err)
	}
	plan := filepath.Join(dir, "plan.json")
	f, err := os.Create(plan)
	if err != nil {
		t.Fatal(err)
	}
	solved := match.Solve(in, match.Options{})
	if err := solved.Write(f); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	said, err := coffre(t, me.Paper, "proposals", "--trousseau", trousseau, "--plan", plan, sealed)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(said, " → "); n < len(solved.Placements) || len(solved.Placements) == 0 {
		t.Errorf("%d of %d placements are said:\n%s", n, len(solved.Placements), said)
	}
	if !strings.Contains(said, "km du domicile, hors des lieux exclus") || !strings.Contains(said, "libre dès") || strings.Contains(said, "⟦") {
		t.Errorf("not in words:\n%s", said)
	}
	_, err = coffre(t, me.Paper, "proposals", "--trousseau", trousseau, "--plan", sealed, sealed)
	wants(t, err, "match.bad_plan")
}

// exportSealed writes what the page of proposals exports, and returns how many cases it holds.
func exportSealed(t *testing.T, h *hub.Hub, agent ailleurs.AgentID, name string, at time.Time) int {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	by := ailleurs.Actor{Agent: agent, Roles: []ailleurs.Role{ailleurs.Coordinator}}
	found, err := h.Relocation.Compare(t.Context(), by, "", at)
	must(err)
	snapshot, err := h.Relocation.OfferSnapshot(t.Context(), by, at)
	must(err)
	members, err := h.Alliance.Members(t.Context(), alliance.MemberFilter{Callable: true})
	must(err)
	listing := desk.Listing{Day: snapshot.Day}
	for _, m := range members {
		listing.Members = append(listing.Members, desk.ListedMember{ID: m.ID, Name: m.Name, Code: m.Code})
	}
	for _, l := range snapshot.Offers {
		o := l.Offer
		listing.Offers = append(listing.Offers, desk.ListedOffer{
			ID: o.ID, Member: o.Member, Kind: o.Kind, Commune: o.Commune, Free: l.Free, From: o.From, Until: o.Until, Housing: o.Housing,
			Persons: o.Persons, Rooms: o.Rooms, Accessible: o.Accessible, Rome: o.Rome, Contract: o.Contract, Level: o.Level, Hours: o.Hours,
		})
	}
	register, err := h.Alliance.RegisterFrom(t.Context(), 0)
	must(err)
	b, err := json.Marshal(map[string]any{"listing": listing, "cases": found.Cases, "register": register})
	must(err)
	must(os.WriteFile(name, b, 0o600))
	return len(found.Cases)
}

// wrapped writes the persona's trousseau as their paper code opens it.
func wrapped(t *testing.T, h *hub.Hub, who demo.Persona, dir string) string {
	t.Helper()
	var files [][]byte
	err := h.DB.View(t.Context(), func(tx *store.Tx) (err error) {
		files, err = store.All[[]byte](tx, "SELECT f.file FROM trousseau f JOIN unlocker u ON u.id = f.unlocker_id WHERE u.agent_id = $1 AND u.kind = 'paper' ORDER BY u.id", who.Agent)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range files {
		name := filepath.Join(dir, "trousseau.age")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := coffre(t, who.Paper, "show", "--trousseau", name); err == nil {
			return name
		}
	}
	t.Fatalf("none of %d files opens", len(files))
	return ""
}
