// Command rome reads the official archive of ROME, the French register of occupations, as France Travail publishes it
// (open data, Licence Ouverte: "RefRomeCsv.zip", or the folder that it unpacks to), and writes what the matching engine
// takes from it: the "proximity" of an instance, which says who knowing one occupation can do another, closely ("proche")
// or as a step up ("evolution"). The archive cannot be fetched by a program, so it is given as a file:
//
//	go run ./internal/territory/rome -from RefRomeCsv.zip -out proximity.json
//
// Nothing is written unless the archive holds as many occupations and moves as its version is known to hold (or as -sheets
// and -moves say of a version that is not known here), each occupation once, each move between two of them, and every
// everyday job that the pages offer.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// The two files of the archive that are read; the figure is the version.
var (
	sheetsFile = regexp.MustCompile(`^(?:.*/)?unix_referentiel_code_rome_v([0-9]+)_utf8\.csv$`)
	movesFile  = regexp.MustCompile(`^(?:.*/)?unix_rubrique_mobilite_v([0-9]+)_utf8\.csv$`)
)

// published says how many occupations and moves a version holds.
var published = map[string]counts{"347": {532, 4218}}

type counts struct{ sheets, moves int }

// A register is what is read of the archive.
type register struct {
	version string
	labels  map[string]string // by code
	rows    int               // of the file of moves, some of which only differ in the names of jobs
	moves   []move
}

// A move leads from one occupation to another, in the form of an instance of the matching engine.
type move struct {
	From string `json:"from"`
	To   string `json:"to"`
	Kind string `json:"kind"` // proche, evolution
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("rome: ")
	from := flag.String("from", "", "the archive, or the folder that it unpacks to")
	out := flag.String("out", "", "file to write; standard output otherwise")
	var want counts
	flag.IntVar(&want.sheets, "sheets", 0, "occupations that a version not known here holds")
	flag.IntVar(&want.moves, "moves", 0, "rows of moves that it holds")
	flag.Parse()
	if err := run(*from, *out, want); err != nil {
		log.Fatal(err)
	}
}

func run(from, out string, want counts) error {
	files, err := open(from)
	if err != nil {
		return err
	}
	r, err := read(files)
	if err != nil {
		return err
	}
	if want == (counts{}) {
		want = published[r.version]
	}
	if err := r.check(want); err != nil {
		return err
	}
	text, err := json.Marshal(map[string][]move{"proximity": r.moves})
	if err != nil {
		return err
	}
	log.Printf("version %s: %d occupations, %d moves", r.version, len(r.labels), len(r.moves))
	if out == "" {
		_, err := os.Stdout.Write(append(text, '\n'))
		return err
	}
	return os.WriteFile(out, append(text, '\n'), 0o644) //nolint:gosec // public data
}

// open returns the files of a zip archive or of a folder.
func open(from string) (fs.FS, error) {
	info, err := os.Stat(from)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return os.DirFS(from), nil
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(b), int64(len(b)))
}

// read finds the two files and reads them.
func read(files fs.FS) (register, error) {
	r := register{labels: make(map[string]string)}
	var sheets, moves string
	err := fs.WalkDir(files, ".", func(path string, _ fs.DirEntry, err error) error {
		if m := sheetsFile.FindStringSubmatch(path); m != nil {
			sheets, r.version = path, m[1]
		}
		if movesFile.MatchString(path) {
			moves = path
		}
		return err
	})
	if err != nil {
		return r, err
	}
	if sheets == "" || moves == "" {
		return r, errors.New("no unix_referentiel_code_rome_v…_utf8.csv and unix_rubrique_mobilite_v…_utf8.csv in there")
	}
	if m := movesFile.FindStringSubmatch(moves); m[1] != r.version {
		return r, fmt.Errorf("occupations of version %s, moves of version %s", r.version, m[1])
	}
	err = table(files, sheets, []string{"code_rome", "libelle_rome"}, func(v []string) error {
		switch {
		case !territory.ValidROME(v[0]):
			return fmt.Errorf("%q is no code", v[0])
		case v[1] == "":
			return fmt.Errorf("%s has no label", v[0])
		case r.labels[v[0]] != "":
			return fmt.Errorf("%s comes twice", v[0])
		}
		r.labels[v[0]] = v[1]
		return nil
	})
	if err != nil {
		return r, err
	}
	seen := make(map[move]bool)
	err = table(files, moves, []string{"code_rome", "code_rome_cible", "code_type_mobilite"}, func(v []string) error {
		r.rows++
		kind, ok := map[string]string{"1": "proche", "2": "evolution"}[v[2]]
		if !ok {
			return fmt.Errorf("%s to %s: unknown kind of move %q", v[0], v[1], v[2])
		}
		if r.labels[v[0]] == "" || r.labels[v[1]] == "" {
			return fmt.Errorf("%s to %s: not both on the list", v[0], v[1])
		}
		m := move{v[0], v[1], kind}
		if v[0] != v[1] && !seen[m] {
			seen[m] = true
			r.moves = append(r.moves, m)
		}
		return nil
	})
	slices.SortFunc(r.moves, func(a, b move) int { return strings.Compare(a.From+a.To+a.Kind, b.From+b.To+b.Kind) })
	return r, err
}

// table calls fn with the wanted columns of every row of a file: comma-separated, quoted, in UTF-8, its first line naming the
// columns. Other columns may come and go.
func table(files fs.FS, name string, columns []string, fn func(values []string) error) error {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
	head, err := rows.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	at := make([]int, len(columns))
	for i, c := range columns {
		if at[i] = slices.Index(head, c); at[i] < 0 {
			return fmt.Errorf("%s: no column %s among %s", name, c, strings.Join(head, ", "))
		}
	}
	values := make([]string, len(columns))
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for i := range columns {
			values[i] = strings.TrimSpace(row[at[i]])
		}
		if err := fn(values); err != nil {
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("%s, line %d: %w", name, line, err)
		}
	}
}

// check holds the register against what its version is known to hold, and the everyday jobs against it.
func (r register) check(want counts) error {
	if want.sheets == 0 || want.moves == 0 {
		return fmt.Errorf("version %s is not known here: say with -sheets and -moves how much it holds (known: %s)",
			r.version, strings.Join(slices.Sorted(maps.Keys(published)), ", "))
	}
	if len(r.labels) != want.sheets || r.rows != want.moves {
		return fmt.Errorf("version %s: %d occupations and %d moves, not %d and %d", r.version, len(r.labels), r.rows, want.sheets, want.moves)
	}
	for _, o := range territory.Occupations {
		if r.labels[o.Code] == "" {
			return fmt.Errorf("the everyday job %s (%s) is not in version %s", o.Code, o.Name, r.version)
		}
	}
	return nil
}
