// SPDX-License-Identifier: Apache-2.0
// Holds the include graph and the link lines of src/ against the table in cmake/layers.txt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

struct Row {
  int level = 0;
  std::set<std::string> includes;
};
using Table = std::map<std::string, Row>;

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

Table parse_table(const std::string& text) {
  Table table;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    Row row;
    std::string name, include;
    words >> row.level >> name;
    name.pop_back();  // The colon.
    while (words >> include) row.includes.insert(include);
    table[name] = row;
  }
  return table;
}

/// What a module may include: itself, its row, and what that brings.
std::set<std::string> reach(const Table& table, const std::string& module) {
  std::set<std::string> all = {module};
  for (const std::string& include : table.at(module).includes) all.merge(reach(table, include));
  return all;
}

std::vector<fs::path> sources_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path ending = entry.path().extension();
    if (ending == ".h" || ending == ".cc") files.push_back(entry.path());
  }
  return files;
}

/// The table's own faults: rows that name what isn't there, or what isn't below them.
std::vector<std::string> faults_of(const Table& table) {
  std::vector<std::string> faults;
  for (const auto& [name, row] : table) {
    for (const std::string& include : row.includes) {
      if (!table.contains(include)) {
        faults.push_back(name + " includes " + include + ", which has no row");
      } else if (table.at(include).level >= row.level) {
        faults.push_back(name + " includes " + include + ", which isn't below it");
      }
    }
  }
  return faults;
}

/// Every include of `src` that the table doesn't allow, as a sentence.
std::vector<std::string> violations(const fs::path& src, const Table& table) {
  static const std::regex include_line(R"re(^\s*#\s*include\s*"(([a-z_\-]+)/[^"]*)")re");
  std::vector<std::string> found;
  for (const auto& folder : fs::directory_iterator(src)) {
    if (!folder.is_directory()) continue;
    const std::string module = folder.path().filename();
    if (!table.contains(module)) {
      found.push_back("src/" + module + " has no row in cmake/layers.txt");
      continue;
    }
    const std::set<std::string> allowed = reach(table, module);
    for (const fs::path& file : sources_of(folder.path())) {
      std::istringstream lines(text_of(file));
      std::smatch match;
      for (std::string line; std::getline(lines, line);) {
        if (std::regex_search(line, match, include_line) && !allowed.contains(match[2])) {
          found.push_back(fs::relative(file, src).string() + " includes " + match[1].str());
        }
      }
    }
  }
  return found;
}

/// A tree of sources that lasts as long as the object.
class Tree {
 public:
  Tree() : root_(fs::temp_directory_path() / ("antiphon-layers-" + std::to_string(::getpid()))) {}
  ~Tree() { fs::remove_all(root_); }
  Tree(const Tree&) = delete;

  void write(const fs::path& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

const Table& our_table() {
  static const Table table = parse_table(text_of(ANTIPHON_SOURCE "/cmake/layers.txt"));
  return table;
}

TEST(Layers, TheTableGoesDownOnly) {
  ASSERT_FALSE(our_table().empty());
  EXPECT_THAT(faults_of(our_table()), IsEmpty());
}

TEST(Layers, EveryIncludeIsInTheTable) {
  EXPECT_THAT(violations(ANTIPHON_SOURCE "/src", our_table()), IsEmpty());
}

TEST(Layers, TheLinkLinesAreTheTable) {
  static const std::regex module_line(R"(module\((\w+)(?:\s+DEPS((?:\s+[a-z_]+)+))?)");
  for (const auto& [name, row] : our_table()) {
    const std::string text = text_of(fs::path(ANTIPHON_SOURCE "/src") / name / "CMakeLists.txt");
    std::smatch match;
    ASSERT_TRUE(std::regex_search(text, match, module_line)) << name;
    std::istringstream words(match[2].str());
    const std::set<std::string> linked{std::istream_iterator<std::string>(words), {}};
    EXPECT_EQ(linked, row.includes) << "in src/" << name << "/CMakeLists.txt";
  }
}

TEST(Layers, AnUpwardIncludeIsFound) {
  Tree tree;
  tree.write("base/a.h", "#include <vector>\n  #  include \"music/b.h\"\n");
  tree.write("music/b.h", "#include \"base/a.h\"\n");
  const Table table = parse_table("0 base:\n1 music: base\n");
  EXPECT_THAT(violations(tree.root(), table),
              testing::ElementsAre(HasSubstr("base/a.h includes music/b.h")));
}

TEST(Layers, AnIncludeOfANeighbourIsFound) {
  Tree tree;
  tree.write("tokens/deep/a.cc", "#include \"formats/b.h\"\n");
  const Table table = parse_table("0 base:\n1 formats: base\n1 tokens: base\n");
  EXPECT_THAT(violations(tree.root(), table), testing::SizeIs(1));
}

TEST(Layers, AModuleWithoutARowIsFound) {
  Tree tree;
  tree.write("stray/a.h", "");
  EXPECT_THAT(violations(tree.root(), parse_table("0 base:\n")),
              testing::ElementsAre(HasSubstr("src/stray has no row")));
}

TEST(Layers, ARowThatGoesUpIsFound) {
  EXPECT_THAT(faults_of(parse_table("0 base: music\n1 music:\n")), testing::SizeIs(1));
}

}  // namespace
