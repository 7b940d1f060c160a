// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "breakpad/breakpad.h"
#include "support/memory_text.h"

namespace vigil::breakpad {

inline constexpr std::string_view kModuleLine =
    "MODULE windows x86_64 5A9832E5287241C1838ED98914E9B7FF1 test_app.pdb\n";

/// A text with its index, opened; the text begins with a MODULE record.
struct OpenedSym {
  explicit OpenedSym(std::string_view records)
      : text(std::string(kModuleLine) + std::string(records)), source(text) {
    const Stamp stamp{text.size(), 7};
    auto built = build_index(ByteView(std::string_view(text)), stamp);
    if (!built.ok()) return;
    index = std::move(built).take();
    auto opened = SymFile::open(source, ByteView(std::string_view(index)), stamp);
    if (opened.ok()) file = *opened;
  }
  OpenedSym(const OpenedSym&) = delete;
  OpenedSym& operator=(const OpenedSym&) = delete;

  SymFile* operator->() { return &*file; }

  std::string text, index;
  MemoryText source;
  std::optional<SymFile> file;
};

}  // namespace vigil::breakpad
