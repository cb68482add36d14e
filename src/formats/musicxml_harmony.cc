// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_harmony.h"

#include <array>
#include <cmath>
#include <optional>
#include <vector>

namespace antiphon::formats {
namespace {

struct Kind {
  std::string_view name;    ///< In MusicXML.
  std::string_view suffix;  ///< As players write it.
};

constexpr std::array kinds = {
    Kind{"major", ""},
    Kind{"minor", "m"},
    Kind{"augmented", "aug"},
    Kind{"diminished", "dim"},
    Kind{"dominant", "7"},
    Kind{"major-seventh", "maj7"},
    Kind{"minor-seventh", "m7"},
    Kind{"diminished-seventh", "dim7"},
    Kind{"augmented-seventh", "aug7"},
    Kind{"half-diminished", "m7b5"},
    Kind{"major-minor", "m(maj7)"},
    Kind{"major-sixth", "6"},
    Kind{"minor-sixth", "m6"},
    Kind{"dominant-ninth", "9"},
    Kind{"major-ninth", "maj9"},
    Kind{"minor-ninth", "m9"},
    Kind{"dominant-11th", "11"},
    Kind{"major-11th", "maj11"},
    Kind{"minor-11th", "m11"},
    Kind{"dominant-13th", "13"},
    Kind{"major-13th", "maj13"},
    Kind{"minor-13th", "m13"},
    Kind{"suspended-second", "sus2"},
    Kind{"suspended-fourth", "sus4"},
    Kind{"power", "5"},
    Kind{"pedal", "ped"},
};

std::string accidentals(double alter) {
  const int count = static_cast<int>(std::lround(std::fmin(std::fmax(alter, -2.0), 2.0)));
  return std::string(static_cast<std::size_t>(std::abs(count)), count < 0 ? 'b' : '#');
}

std::string degree_text(const pugi::xml_node& degree) {
  const std::string_view type = degree.child_value("degree-type");
  const std::string alter = accidentals(degree.child("degree-alter").text().as_double());
  const std::string value = degree.child_value("degree-value");
  if (type == "subtract") return "no" + value;
  // "b9" says both that there is a ninth and that it is flat; a plain one needs the word.
  return (alter.empty() ? "add" : alter) + value;
}

/// A letter with its accidentals, as `step` and `alter`, off the front of `text`.
struct Root {
  char step;
  int alter = 0;
};

std::optional<Root> take_root(std::string_view& text) {
  if (text.empty() || text[0] < 'A' || text[0] > 'G') return std::nullopt;
  Root root{text[0]};
  text.remove_prefix(1);
  for (int i = 0; i < 2 && !text.empty(); ++i) {
    if (text[0] == '#' && root.alter >= 0) {
      ++root.alter;
    } else if (text[0] == 'b' && root.alter <= 0) {
      --root.alter;
    } else {
      break;
    }
    text.remove_prefix(1);
  }
  return root;
}

struct Degree {
  std::string_view type;
  int alter = 0;
  std::string value;
};

/// "b9", "#11", "add9", "no3" up to the end of the text; nothing if something else is there.
std::optional<std::vector<Degree>> parse_degrees(std::string_view text) {
  std::vector<Degree> degrees;
  while (!text.empty()) {
    Degree degree{"add", 0, ""};
    if (text.starts_with("add")) {
      text.remove_prefix(3);
    } else if (text.starts_with("no")) {
      degree.type = "subtract";
      text.remove_prefix(2);
    } else if (text[0] == 'b' || text[0] == '#') {
      degree.type = "alter";
      degree.alter = text[0] == 'b' ? -1 : 1;
      text.remove_prefix(1);
    } else {
      return std::nullopt;
    }
    while (!text.empty() && text[0] >= '0' && text[0] <= '9' && degree.value.size() < 2) {
      degree.value += text[0];
      text.remove_prefix(1);
    }
    if (degree.value.empty() || degree.value[0] == '0') return std::nullopt;
    degrees.push_back(degree);
  }
  return degrees;
}

std::string root_xml(std::string_view element, Root root) {
  const std::string prefix(element);
  std::string out = "<" + prefix + "><" + prefix + "-step>" + root.step + "</" + prefix + "-step>";
  if (root.alter != 0) {
    out += "<" + prefix + "-alter>" + std::to_string(root.alter) + "</" + prefix + "-alter>";
  }
  return out + "</" + prefix + ">";
}

std::string degree_xml(const Degree& degree) {
  return "<degree><degree-value>" + degree.value + "</degree-value><degree-alter>" +
         std::to_string(degree.alter) + "</degree-alter><degree-type>" + std::string(degree.type) +
         "</degree-type></degree>";
}

std::string kind_xml(std::string_view name, std::string_view text) {
  return "<kind text=\"" + xml_escaped(text) + "\">" + std::string(name) + "</kind>";
}

/// A symbol of a root, a kind that we know, degrees and a bass; nothing for any other.
std::optional<std::string> known_harmony(std::string_view text) {
  const std::optional<Root> root = take_root(text);
  if (!root) return std::nullopt;
  std::optional<Root> bass;
  if (const std::size_t slash = text.rfind('/'); slash != std::string_view::npos) {
    std::string_view after = text.substr(slash + 1);
    bass = take_root(after);
    if (!bass || !after.empty()) return std::nullopt;
    text = text.substr(0, slash);
  }
  // The longest suffix whose rest is degrees.
  const Kind* best = nullptr;
  std::vector<Degree> degrees;
  for (const Kind& kind : kinds) {
    if (!text.starts_with(kind.suffix) || (best && best->suffix.size() > kind.suffix.size()))
      continue;
    if (auto rest = parse_degrees(text.substr(kind.suffix.size()))) {
      best = &kind;
      degrees = std::move(*rest);
    }
  }
  std::string out = root_xml("root", *root);
  out += best ? kind_xml(best->name, text) : kind_xml("other", text);
  if (bass) out += root_xml("bass", *bass);
  for (const Degree& degree : degrees) out += degree_xml(degree);
  return out;
}

}  // namespace

std::string chord_text(const pugi::xml_node& harmony) {
  const pugi::xml_node kind = harmony.child("kind");
  const std::string_view name = kind.child_value();
  if (name == "none") {
    const std::string_view text = kind.attribute("text").value();
    return std::string(text.empty() ? "N.C." : text);
  }
  const pugi::xml_node root = harmony.child("root");
  std::string text = root.child_value("root-step");
  if (text.size() != 1 || text[0] < 'A' || text[0] > 'G') return "";
  text += accidentals(root.child("root-alter").text().as_double());

  bool known = false;
  for (const Kind& each : kinds) {
    if (each.name != name) continue;
    text += each.suffix;
    known = true;
  }
  if (!known) text += kind.attribute("text").value();
  // Of a kind that MusicXML has no word for, the text already says the degrees.
  if (known || *kind.attribute("text").value() == 0) {
    for (const pugi::xml_node degree : harmony.children("degree")) text += degree_text(degree);
  }
  if (const pugi::xml_node bass = harmony.child("bass")) {
    const std::string step = bass.child_value("bass-step");
    if (!step.empty())
      text += "/" + step + accidentals(bass.child("bass-alter").text().as_double());
  }
  return text;
}

std::string harmony_xml(std::string_view text) {
  if (auto known = known_harmony(text)) return *known;
  // MusicXML has no free text here: a root that isn't shown, and no chord.
  return "<root><root-step text=\"\">C</root-step></root>" + kind_xml("none", text);
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) out += c;
    }
  }
  return out;
}

}  // namespace antiphon::formats
