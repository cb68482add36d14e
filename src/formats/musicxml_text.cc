// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_text.h"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <pugixml.hpp>

#include "formats/text.h"

namespace antiphon::formats {
namespace {

using Archive = std::unique_ptr<zip_t, decltype([](zip_t* archive) { zip_discard(archive); })>;
using Entry = std::unique_ptr<zip_file_t, decltype([](zip_file_t* file) { zip_fclose(file); })>;

Error refusal(std::string_view name, std::string_view what) {
  return {Errc::invalid_input, std::string(name) + ": byte 0: " + std::string(what)};
}

bool ends_with_any_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         std::equal(end.rbegin(), end.rend(), text.rbegin(), [](char want, char got) {
           return want == (got >= 'A' && got <= 'Z' ? static_cast<char>(got + 32) : got);
         });
}

/// Inflates an entry, and counts while it does: what the archive says of its sizes is not trusted.
Result<std::string> inflate(zip_t* archive, zip_uint64_t index, std::size_t max_size,
                            std::string_view name) {
  const Entry entry(zip_fopen_index(archive, index, 0));
  if (!entry) {
    return refusal(name, std::string("the zipped score can't be opened (") + zip_strerror(archive) +
                             "); expected an unencrypted .mxl package");
  }
  std::string text;
  const auto too_large = [&] {
    return refusal(name, "the zipped score unpacks to over " + std::to_string(max_size) +
                             " bytes, 64 times the file; refused as a zip bomb");
  };
  zip_stat_t claims;
  if (zip_stat_index(archive, index, 0, &claims) == 0 && (claims.valid & ZIP_STAT_SIZE) != 0) {
    if (claims.size > max_size) return too_large();
    text.reserve(claims.size);
  }
  char block[16384];
  for (;;) {
    const zip_int64_t got = zip_fread(entry.get(), block, sizeof block);
    if (got < 0) return refusal(name, "the zipped score is damaged; expected a whole .mxl package");
    if (got == 0) return text;
    if (text.size() + static_cast<std::size_t>(got) > max_size) return too_large();
    text.append(block, static_cast<std::size_t>(got));
  }
}

/// The entry that META-INF/container.xml names, else the first that is called like a score.
Result<zip_uint64_t> score_entry(zip_t* archive, std::size_t max_size, std::string_view name) {
  if (const zip_int64_t at = zip_name_locate(archive, "META-INF/container.xml", ZIP_FL_NOCASE);
      at >= 0) {
    ANTIPHON_TRY(const std::string container,
                 inflate(archive, static_cast<zip_uint64_t>(at), max_size, name));
    pugi::xml_document document;
    if (document.load_buffer(container.data(), container.size())) {
      const auto rootfiles = document.child("container").child("rootfiles");
      const char* path = rootfiles.child("rootfile").attribute("full-path").value();
      const zip_int64_t score = zip_name_locate(archive, path, 0);
      if (*path != 0 && score >= 0) return static_cast<zip_uint64_t>(score);
    }
  }
  const zip_int64_t count = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* path = zip_get_name(archive, static_cast<zip_uint64_t>(i), 0);
    if (path == nullptr || std::strncmp(path, "META-INF", 8) == 0) continue;
    if (ends_with_any_case(path, ".xml") || ends_with_any_case(path, ".musicxml")) {
      return static_cast<zip_uint64_t>(i);
    }
  }
  return refusal(name, "the zip file holds no score; expected a .xml or .musicxml in it");
}

Result<std::string> unpack(ByteView bytes, std::string_view name) {
  const std::size_t max_size = bytes.size() * 64 + (std::size_t{1} << 20);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  const Archive archive(source == nullptr ? nullptr
                                          : zip_open_from_source(source, ZIP_RDONLY, &error));
  if (!archive) {
    zip_source_free(source);
    zip_error_fini(&error);
    return refusal(name, "the zip file is damaged; expected a whole .mxl package");
  }
  ANTIPHON_TRY(const zip_uint64_t index, score_entry(archive.get(), max_size, name));
  return inflate(archive.get(), index, max_size, name);
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

/// Lone surrogates become U+FFFD; an odd last byte is left out.
std::string from_utf16(std::string_view text, bool big_endian) {
  const auto unit = [&](std::size_t i) {
    const auto a = static_cast<unsigned char>(text[2 * i]);
    const auto b = static_cast<unsigned char>(text[2 * i + 1]);
    return static_cast<std::uint32_t>(big_endian ? a << 8 | b : b << 8 | a);
  };
  std::string out;
  out.reserve(text.size());
  const std::size_t units = text.size() / 2;
  for (std::size_t i = 0; i < units; ++i) {
    std::uint32_t code = unit(i);
    if (code >= 0xd800 && code < 0xdc00 && i + 1 < units && (unit(i + 1) & 0xfc00) == 0xdc00) {
      code = 0x10000 + ((code - 0xd800) << 10) + (unit(++i) - 0xdc00);
    } else if (code >= 0xd800 && code < 0xe000) {
      code = 0xfffd;
    }
    append_utf8(out, code);
  }
  return out;
}

bool declares_latin1(std::string_view text) {
  const std::string_view head = text.substr(0, std::min(text.find("?>"), std::size_t{200}));
  const std::size_t at = head.find("encoding");
  if (head.substr(0, 5) != "<?xml" || at == std::string_view::npos) return false;
  std::string label;
  for (const char c : head.substr(at))
    label += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return label.find("8859-1") != std::string::npos || label.find("latin1") != std::string::npos ||
         label.find("windows-1252") != std::string::npos;
}

}  // namespace

Result<std::string> musicxml_text(ByteView bytes, std::string_view name,
                                  std::vector<std::string>& dropped) {
  std::string text(as_text(bytes));
  if (text.starts_with("PK")) {
    ANTIPHON_TRY(text, unpack(bytes, name));
  }
  if (text.starts_with("\xfe\xff") || text.starts_with(std::string_view("\0<", 2))) {
    return from_utf16(text, true);
  }
  if (text.starts_with("\xff\xfe") || text.starts_with(std::string_view("<\0", 2))) {
    return from_utf16(text, false);
  }
  if (declares_latin1(text)) return from_latin1(text);
  if (!is_utf8(text)) {
    dropped.push_back("The text is not the UTF-8 that it claims to be; it was read as Latin-1.");
    return from_latin1(text);
  }
  return text;
}

}  // namespace antiphon::formats
