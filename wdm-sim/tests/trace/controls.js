// Uses the page's controls, and leaves in the document what came of it.
const press = id => document.getElementById(id).click();
const drawn = () => document.querySelectorAll("#scroll .event").length;
const width = () => document.querySelector("#scroll svg").width.baseVal.value;
const key = name => document.querySelector("#scroll svg")
  .dispatchEvent(new KeyboardEvent("keydown", { key: name }));

const told = [drawn()];
const before = width();
press("in");
told.push(width() > before);
document.querySelector("[value=time]").click();
told.push(drawn());
press("next");
told.push(drawn(), document.getElementById("next").disabled);
key("ArrowRight");
key("ArrowRight");
key("ArrowLeft");
told.push(document.querySelectorAll(".event.selected").length);
told.push(document.querySelectorAll("#details dd").length);
const text = document.getElementById("text");
text.addEventListener("toggle", () => {
  told.push(document.querySelectorAll("#text li").length);
  document.body.dataset.told = told.join();
});
text.open = true;
