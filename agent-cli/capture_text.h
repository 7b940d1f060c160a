// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "commands.h"
#include "store/store.h"

/// A capture in words, for tables and headings. All texts are one_line().
namespace vigil::cli {

/// `ACCESS_VIOLATION`, `exit 3`, `manual dump`: what happened, in a word.
[[nodiscard]] std::string what_happened(const store::Capture& capture);

/// `mini 33.0 KiB`, `none`: the dump that is there.
[[nodiscard]] std::string dump_in_words(const store::Capture& capture);

/// `exit-watch, aedebug`
[[nodiscard]] std::string sources_in_words(const std::vector<store::Source>& sources);

/// Where the dump lies; empty: there is none.
[[nodiscard]] std::filesystem::path dump_path(const Context& context,
                                              const store::Capture& capture);

}  // namespace vigil::cli
