// Words to write down, one by one, numbered: shown(place, "héron tuile …") fills [data-words] of the place.
export function shown(place, words) {
  const list = place.querySelector("[data-words]");
  list.replaceChildren(...(Array.isArray(words) ? words : words.split(" ")).map((word) => {
    const li = document.createElement("li");
    li.textContent = word;
    return li;
  }));
}
