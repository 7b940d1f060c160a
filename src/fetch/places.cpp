// SPDX-License-Identifier: Apache-2.0
#include "fetch/places.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf.h"
#include "fetch/url.h"

namespace vigil::fetch {
namespace {

/// A GUID with its age has 40 digits at most.
constexpr std::size_t kMaxId = 64;
/// What every file system takes, with a suffix of ours behind it.
constexpr std::size_t kMaxName = 200;

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::vector<Place> places_of(const Wanted& wanted) {
  std::vector<Place> places;
  const auto add = [&](Form form, std::string file) {
    auto path = fmt::format("{}/{}/{}", escape(wanted.name), escape(wanted.id), escape(file));
    places.push_back({form, std::move(file), std::move(path)});
  };
  add(Form::Plain, wanted.name);
  add(Form::Cabinet, symbols::compressed_file_name(wanted.name));
  add(Form::Pointer, "file.ptr");
  if (wanted.kind == Kind::Symbols) add(Form::Sym, symbols::sym_file_name(wanted.name));
  return places;
}

Status check_names(const Wanted& wanted) {
  if (!symbols::is_plain_file_name(wanted.name) || wanted.name.size() > kMaxName) {
    return Error{Errc::Malformed, fmt::format("'{}' cannot be a file's name",
                                              printable_utf8(wanted.name.substr(0, kMaxName)))};
  }
  if (wanted.id.empty() || wanted.id.size() > kMaxId ||
      !std::ranges::all_of(wanted.id, is_hex_digit)) {
    return Error{Errc::Malformed,
                 fmt::format("{}: '{}' cannot be an id", printable_utf8(wanted.name),
                             printable_utf8(wanted.id.substr(0, kMaxId)))};
  }
  return {};
}

std::filesystem::path folder_in(const std::filesystem::path& store, const Wanted& wanted) {
  return store / path_from_utf8(wanted.name) / path_from_utf8(wanted.id);
}

}  // namespace vigil::fetch
