// SPDX-License-Identifier: Apache-2.0
#include "names/names.h"

#include <optional>

#include "names/itanium.h"
#include "names/printer.h"
#include "names/schemes.h"

namespace vigil::names {

std::optional<std::string> undecorate_itanium(std::string_view name) {
  Cursor in(name);
  // Some systems put one more underscore in front of all names; blocks have two more.
  constexpr std::size_t kMaxUnderscores = 4;
  std::size_t underscores = 0;
  while (underscores < kMaxUnderscores && in.take('_')) ++underscores;
  if (underscores == 0 || !in.take('Z')) return std::nullopt;
  Tree tree(name.size());
  Itanium itanium(in.rest(), tree);
  auto root = itanium.symbol();
  if (underscores >= 3 && name.find("_block_invoke") != std::string_view::npos) {
    root = tree.sequence({tree.text("invocation function for block in "), root});
  }
  return root == kNone ? std::nullopt : Printer(tree, Style::Itanium).print(root);
}

std::string undecorate(std::string_view name) {
  if (name.size() > kMaxDecorated) return std::string(name);
  for (const auto rule : {undecorate_microsoft, undecorate_rust_legacy, undecorate_itanium,
                          undecorate_rust, undecorate_c}) {
    if (auto plain = rule(name)) return std::move(*plain);
  }
  return std::string(name);
}

}  // namespace vigil::names
