package browser

import (
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
)

// TestWhatAPageTakes prints what the browser's half takes, on this machine and under its load of the moment; it asserts no
// time. Run it with -v.
func TestWhatAPageTakes(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 60, Cases: 24})
	v := s.be("lyon")
	const begin = `const { ask, asked, send, page } = await import(document.querySelector('script[src$="/coffre.js"]').src);
		const took = {}, time = async (name, work) => { const at = performance.now(); const out = await work(); took[name] = performance.now() - at; return out; };`
	// A page that opens nothing by itself: everything is done here, once.
	type page struct {
		Ready, Unlock, Replay, Restore, Agree float64
		Records, Bytes                        int
	}
	measure := func(snapshot string) page {
		v.Go("/compte")
		v.ready()
		return Eval[page](v, `(async () => {`+begin+`
			await time("Ready", () => ask("journal.size").catch(() => {}));
			const { share } = await send("/session/part");
			await time("Unlock", () => ask("session.open", { share, file: sessionStorage.getItem("ailleurs.coffre") }));
			const kept = `+snapshot+`;
			const { size } = await time("Restore", () => ask("recall", { snapshot: kept }));
			const handed = await send("/registre", { from: size });
			const seen = await time(kept ? "Agree" : "Replay", () => ask("register.add", handed));
			if (seen.snapshot) sessionStorage.setItem("test.snapshot", seen.snapshot);
			return { ...took, Records: seen.size, Bytes: sessionStorage.getItem("test.snapshot").length * 3 / 4 };
		})()`)
	}
	first := measure(`undefined`)
	var next page
	for range 3 { // the module is compiled well after a few pages
		next = measure(`sessionStorage.getItem("test.snapshot")`)
	}
	if first.Records == 0 || next.Records != first.Records {
		t.Errorf("%d records, then %d", first.Records, next.Records)
	}
	t.Logf("module ready in %.0f ms, coffre open in %.1f ms", next.Ready, next.Unlock)
	t.Logf("register of %d records: replayed in %.0f ms once; from its snapshot of %d KB in %.1f ms, and %.1f ms to agree with the hub",
		first.Records, first.Replay, first.Bytes/1024, next.Restore, next.Agree)

	v.Go("/travail?liste=envoyees")
	v.Until(`document.querySelector("[data-sheet] dl") !== null`)
	cards := Eval[struct {
		List  float64
		Cards int
		Draft string
	}](v, `(async () => {`+begin+`
		const handed = await page();
		await ask("open.cards", { page: handed });
		await time("List", () => ask("open.cards", { page: handed }));
		const draft = [...document.querySelectorAll(".cards .card")].find((c) => c.innerText.includes("Brouillon"));
		return { ...took, Cards: handed.cases.length, Draft: draft?.querySelector("a").getAttribute("href") ?? "" };
	})()`)
	t.Logf("list of %d cards opened and proved in %.1f ms, %.1f ms a card", cards.Cards, cards.List, cards.List/float64(max(1, cards.Cards)))
	if cards.Draft == "" {
		t.Fatal("Lyon has no draft")
	}
	v.Go(cards.Draft)
	v.opened("need")
	one := Eval[struct{ Open, Seal float64 }](v, `(async () => {`+begin+`
		const handed = await page();
		const found = await ask("open.case", { page: handed });
		await time("Open", () => ask("open.case", { page: handed }));
		const form = { ...found.forms.draft, second: handed.dossier.Second, signatory: handed.dossier.Signatory };
		const save = () => asked("case.save", { form, page: handed, once: "speed-0123456789-abcdef" });
		await save();
		await time("Seal", save);
		return took;
	})()`)
	t.Logf("dossier of four compartments opened in %.1f ms, sealed again in %.1f ms", one.Open, one.Seal)
}
