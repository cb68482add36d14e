// SPDX-License-Identifier: Apache-2.0
#include "formats/instrument_names.h"

#include <array>
#include <string>

namespace antiphon::formats {
namespace {

struct Word {
  std::string_view start;  ///< What a word, or several, must start with.
  int program;
};

/// The first that fits wins, so what is narrow stands before what is wide: "bass clarinet" before
/// "clarinet", and voices last, because "bass", "alto" and "tenor" also name sizes of instruments.
constexpr std::array words = {
    Word{"bass clarinet", 71},
    Word{"bassklarinette", 71},
    Word{"clarinetto basso", 71},
    Word{"basset", 71},
    Word{"english horn", 69},
    Word{"cor anglais", 69},
    Word{"corno inglese", 69},
    Word{"englischhorn", 69},
    Word{"englisches horn", 69},
    Word{"english-horn", 69},
    Word{"piccolo trumpet", 56},
    Word{"piccolo", 72},
    Word{"ottavino", 72},
    Word{"contrabassoon", 70},
    Word{"kontrafagott", 70},
    Word{"controfagotto", 70},
    Word{"contrefagott", 70},
    Word{"contrebasson", 70},
    Word{"bass guitar", 33},
    Word{"electric bass", 33},
    Word{"bassgitarre", 33},
    Word{"e bass", 33},
    Word{"pizzicato", 45},
    Word{"electric guitar", 27},
    Word{"electric piano", 4},
    Word{"e piano", 4},
    Word{"soprano sax", 64},
    Word{"sopransax", 64},
    Word{"tenor sax", 66},
    Word{"tenorsax", 66},
    Word{"baritone sax", 67},
    Word{"baritonsax", 67},
    Word{"sax", 65},
    Word{"altsax", 65},
    Word{"pianoforte", 0},
    Word{"fortepiano", 0},
    Word{"hammerklavier", 0},
    Word{"piano", 0},
    Word{"klavier", 0},
    Word{"keyboard", 0},
    Word{"flugel", 0},
    Word{"pfte", 0},
    Word{"clavicemb", 6},
    Word{"cembalo", 6},
    Word{"harpsichord", 6},
    Word{"clavecin", 6},
    Word{"clavicord", 7},
    Word{"clavichord", 7},
    Word{"celesta", 8},
    Word{"celeste", 8},
    Word{"glocken", 9},
    Word{"vibra", 11},
    Word{"marimba", 12},
    Word{"xylo", 13},
    Word{"harmonium", 20},
    Word{"reed organ", 20},
    Word{"harmonica", 22},
    Word{"accordi", 21},
    Word{"akkordeon", 21},
    Word{"fisarmonica", 21},
    Word{"organ", 19},
    Word{"orgel", 19},
    Word{"orgue", 19},
    Word{"continuo", 6},
    Word{"guit", 24},
    Word{"gitarr", 24},
    Word{"chitarr", 24},
    Word{"lute", 24},
    Word{"laute", 24},
    Word{"liuto", 24},
    Word{"theorb", 24},
    Word{"tiorba", 24},
    Word{"mandolin", 24},
    Word{"violoncell", 42},
    Word{"cell", 42},
    Word{"contrabass", 43},
    Word{"kontrabass", 43},
    Word{"contrebass", 43},
    Word{"double bass", 43},
    Word{"string bass", 43},
    Word{"violon ", 40},
    Word{"violone", 43},
    Word{"viola da gamba", 42},
    Word{"gamba", 42},
    Word{"viol ", 42},
    Word{"viols", 42},
    Word{"viola", 41},
    Word{"viole", 41},
    Word{"bratsche", 41},
    Word{"alto viol", 41},
    Word{"violi", 40},
    Word{"violon", 40},
    Word{"fiddle", 40},
    Word{"geige", 40},
    Word{"string", 48},
    Word{"streich", 48},
    Word{"archi", 48},
    Word{"harfe", 46},
    Word{"harp", 46},
    Word{"arpa", 46},
    Word{"timp", 47},
    Word{"pauk", 47},
    Word{"kettledrum", 47},
    Word{"cornett", 56},
    Word{"cornet", 56},
    Word{"trumpet", 56},
    Word{"trompet", 56},
    Word{"trombo", 57},
    Word{"tromba", 56},
    Word{"trombe", 56},
    Word{"clarin ", 56},
    Word{"clarini", 56},
    Word{"clarino", 56},
    Word{"posaun", 57},
    Word{"tuba", 58},
    Word{"ophicleid", 58},
    Word{"euphoni", 58},
    Word{"clarinet", 71},
    Word{"klarinet", 71},
    Word{"chalumeau", 71},
    Word{"french horn", 60},
    Word{"horn", 60},
    Word{"corn", 60},
    Word{"cors", 60},
    Word{"cor ", 60},
    Word{"waldhorn", 60},
    Word{"obo", 68},
    Word{"hautbois", 68},
    Word{"haut", 68},
    Word{"fag", 70},
    Word{"basson", 70},
    Word{"bassoon", 70},
    Word{"dulcian", 70},
    Word{"recorder", 74},
    Word{"blockfl", 74},
    Word{"flauto dolce", 74},
    Word{"flut", 73},
    Word{"flot", 73},
    Word{"floet", 73},
    Word{"flaut", 73},
    Word{"travers", 73},
    Word{"bagpipe", 109},
    Word{"dudelsack", 109},
    Word{"ocarina", 79},
    Word{"voice", 52},
    Word{"vocal", 52},
    Word{"voix", 52},
    Word{"voce", 52},
    Word{"voci", 52},
    Word{"vox", 52},
    Word{"singstimme", 52},
    Word{"stimme", 52},
    Word{"gesang", 52},
    Word{"singer", 52},
    Word{"chant", 52},
    Word{"canto", 52},
    Word{"cantus", 52},
    Word{"canti", 52},
    Word{"choeur", 52},
    Word{"chor", 52},
    Word{"choir", 52},
    Word{"coro", 52},
    Word{"satb", 52},
    Word{"sopran", 52},
    Word{"discant", 52},
    Word{"diskant", 52},
    Word{"superius", 52},
    Word{"dessus", 52},
    Word{"treble", 52},
    Word{"mezzo", 52},
    Word{"contralto", 52},
    Word{"contratenor", 52},
    Word{"countertenor", 52},
    Word{"haute contre", 52},
    Word{"altus", 52},
    Word{"alto", 52},
    Word{"alt ", 52},
    Word{"tenor", 52},
    Word{"taille", 52},
    Word{"quintus", 52},
    Word{"sextus", 52},
    Word{"bariton", 52},
    Word{"baryton", 52},
    Word{"bassus", 52},
    Word{"basso", 52},
    Word{"basse", 52},
    Word{"bass", 52},
    Word{"men ", 52},
    Word{"women ", 52},
};

/// Lower-case letters without accents; all between is one space, and one stands at either end.
std::string plain_words(std::string_view name) {
  std::string out = " ";
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto c = static_cast<unsigned char>(name[i]);
    char letter = ' ';
    if (c >= 'A' && c <= 'Z') {
      letter = static_cast<char>(c - 'A' + 'a');
    } else if (c >= 'a' && c <= 'z') {
      letter = static_cast<char>(c);
    } else if (c == 0xc3 && i + 1 < name.size()) {  // U+00C0 to U+00FF.
      // One letter for each of U+00E0 to U+00FF, to which capitals are folded.
      constexpr std::string_view folded = "aaaaaaaceeeeiiiidnooooo ouuuuyty";
      letter = folded[static_cast<unsigned char>(name[++i]) & 0x1f];
    } else if (c == 0xc5 && i + 1 < name.size()) {  // The oe ligature of "choeur".
      const auto low = static_cast<unsigned char>(name[++i]);
      if (low == 0x92 || low == 0x93) {
        out += "oe";
        continue;
      }
    }
    if (letter != ' ' || out.back() != ' ') out += letter;
  }
  if (out.back() != ' ') out += ' ';
  return out;
}

}  // namespace

std::optional<int> program_of_name(std::string_view name) {
  const std::string plain = plain_words(name.substr(0, 200));
  std::string start;
  for (const Word& word : words) {
    start.assign(1, ' ').append(word.start);
    if (plain.find(start) != std::string::npos) return word.program;
  }
  return std::nullopt;
}

}  // namespace antiphon::formats
