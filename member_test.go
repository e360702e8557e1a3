package ailleurs

import (
	"strings"
	"testing"
	"time"
)

func TestNewMemberReceivesNobodyForThirtyDays(t *testing.T) {
	admitted := time.Date(2027, 3, 12, 9, 0, 0, 0, time.UTC)
	m := Member{AdmittedAt: admitted}
	if m.ReceivesPersons(admitted.Add(ObservationPeriod - 1)) {
		t.Error("before the thirty days are over")
	}
	if !m.ReceivesPersons(admitted.Add(ObservationPeriod)) {
		t.Error("after them, not")
	}
	m.SuspendedAt = admitted
	if m.ReceivesPersons(admitted.Add(ObservationPeriod)) || (Member{}).ReceivesPersons(admitted) {
		t.Error("a suspended member or one not admitted receives someone")
	}
}

func TestTeamHasOneText(t *testing.T) {
	at := time.Date(2027, 3, 12, 9, 0, 0, 0, time.UTC)
	member, team := NewID[MemberID](), Team{Lead: NewID[AgentID](), Second: NewID[AgentID](), Signatory: NewID[AgentID]()}
	text := team.Text(member, at)
	got, m, when, err := ParseTeam(text)
	if err != nil || got != team || m != member || !when.Equal(at) {
		t.Fatalf("%+v %s %v %v", got, m, when, err)
	}
	for _, other := range []string{
		"", text + "\n", strings.Replace(text, "/1", "/2", 1), strings.Replace(text, "lead", "second", 1),
		strings.Replace(text, "2027-03-12T09", "2027-3-12T09", 1), strings.Replace(text, "\n", "\r\n", 1),
	} {
		_, _, _, err := ParseTeam(other)
		wantRefusal(t, err, "team.malformed")
	}
	if a, b := team.Approval(member, text), team.Approval(member, text+" "); a.Digest == b.Digest || a.Purpose != ToTeam || a.Subject != string(member) {
		t.Errorf("%+v", a)
	}
}

func TestThreePostsAreThreePeople(t *testing.T) {
	full := Team{Lead: "A", Second: "B", Signatory: "C"}
	if !full.Complete() || !full.Holds("C") || full.Holds("D") || full.Holds("") {
		t.Errorf("%+v", full)
	}
	for _, t2 := range []Team{{}, {"A", "B", ""}, {"A", "", "C"}, {"A", "A", "C"}, {"A", "B", "A"}, {"A", "B", "B"}} {
		if t2.Complete() {
			t.Errorf("%+v is complete", t2)
		}
	}
}

func TestNameIsAName(t *testing.T) {
	for name, want := range map[string]string{
		"Saint-Étienne": "", "L’Haÿ-les-Roses": "", "": "name.empty", " a": "name.empty", "a\nb": "name.bad_character",
		"<b>": "name.bad_character", strings.Repeat("é", MaxName): "", strings.Repeat("é", MaxName+1): "name.too_long",
	} {
		wantRefusal(t, CheckName(name, "name"), want)
	}
}
