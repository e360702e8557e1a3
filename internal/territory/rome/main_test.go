package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// archive writes a zip file in the form of the official one: the everyday jobs, one more, and some moves.
func archive(t *testing.T, change func(files map[string]string)) string {
	t.Helper()
	sheets := "\ufeff\"code_rome\",\"code_fiche_em\",\"code_ogr\",\"libelle_rome\",\"statut\"\r\n"
	for i, o := range territory.Occupations {
		sheets += fmt.Sprintf("%q,\"\",\"%d\",%q,\"1\"\r\n", o.Code, i, o.Name)
	}
	files := map[string]string{
		"RefRomeCsv/unix_referentiel_code_rome_v347_utf8.csv": sheets + "\"G1604\",\"\",\"9\",\"Fabrication de crêpes, ou pizzas\",\"1\"\r\n",
		"RefRomeCsv/unix_rubrique_mobilite_v347_utf8.csv": "\"code_rome\",\"code_rome_cible\",\"code_appellation_source\",\"code_appellation_cible\",\"code_type_mobilite\",\"libelle_type_mobilite\"\r\n" +
			"\"G1603\",\"G1602\",\"\",\"\",\"2\",\"Evolution\"\r\n\"G1602\",\"G1604\",\"\",\"\",\"1\",\"Proche\"\r\n\"G1602\",\"G1604\",\"12\",\"\",\"1\",\"Proche\"\r\n",
		"RefRomeCsv/unix_arborescence_v347_utf8.csv": "read by nobody",
	}
	if change != nil {
		change(files)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "RefRomeCsv.zip")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheOfficialArchiveBecomesProximity(t *testing.T) {
	out := filepath.Join(t.TempDir(), "proximity.json")
	if err := run(archive(t, nil), out, counts{len(territory.Occupations) + 1, 3}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"proximity":[{"from":"G1602","to":"G1604","kind":"proche"},{"from":"G1603","to":"G1602","kind":"evolution"}]}` + "\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestAnArchiveThatIsNotWhatItShouldBeWritesNothing(t *testing.T) {
	const sheets, moves = "RefRomeCsv/unix_referentiel_code_rome_v347_utf8.csv", "RefRomeCsv/unix_rubrique_mobilite_v347_utf8.csv"
	right := counts{len(territory.Occupations) + 1, 3}
	for name, c := range map[string]struct {
		change func(files map[string]string)
		counts counts
		says   string
	}{
		"other counts":       {nil, counts{532, 4218}, "not 532 and 4218"},
		"counts of its kind": {nil, counts{}, "not 532 and 4218"},
		"unknown version": {func(f map[string]string) {
			for from, to := range map[string]string{sheets: strings.Replace(sheets, "347", "999", 1), moves: strings.Replace(moves, "347", "999", 1)} {
				f[to] = f[from]
				delete(f, from)
			}
		}, counts{}, "is not known here"},
		"two versions": {func(f map[string]string) {
			f[strings.Replace(moves, "347", "346", 1)] = f[moves]
			delete(f, moves)
		}, right, "moves of version 346"},
		"no moves":          {func(f map[string]string) { delete(f, moves) }, right, "in there"},
		"another column":    {func(f map[string]string) { f[sheets] = strings.Replace(f[sheets], "libelle_rome", "libelle", 1) }, right, "no column libelle_rome"},
		"one code twice":    {func(f map[string]string) { f[sheets] += "\"G1604\",\"\",\"9\",\"x\",\"1\"\r\n" }, right, "comes twice"},
		"no code":           {func(f map[string]string) { f[sheets] += "\"1604\",\"\",\"9\",\"x\",\"1\"\r\n" }, right, "is no code"},
		"a move to nowhere": {func(f map[string]string) { f[moves] += "\"G1602\",\"Z9999\",\"\",\"\",\"1\",\"Proche\"\r\n" }, right, "not both on the list"},
		"a third kind":      {func(f map[string]string) { f[moves] += "\"G1602\",\"G1603\",\"\",\"\",\"3\",\"?\"\r\n" }, right, "unknown kind"},
		"a job is missing": {func(f map[string]string) {
			f[sheets] = strings.Replace(f[sheets], `"N4105"`, `"N4199"`, 1)
		}, right, "N4105"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.json")
			err := run(archive(t, c.change), out, c.counts)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want something with %q", err, c.says)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a file was written all the same")
			}
		})
	}
}
