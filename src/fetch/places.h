// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fetch/fetch.h"

namespace vigil::fetch {

/// What a server may have of a file.
enum class Form : std::uint8_t {
  Plain,
  Cabinet,  ///< The file compressed: `orders.pd_`.
  Pointer,  ///< `file.ptr`: where it is, or why it is not.
  Sym,      ///< Breakpad's text in the place of a PDB.
};

struct Place {
  Form form = Form::Plain;
  std::string file;  ///< The name of what is there: `orders.pd_`
  std::string path;  ///< Below the server's URL, escaped.
};

/// Where a server may have \p wanted, in the order of asking.
[[nodiscard]] std::vector<Place> places_of(const Wanted& wanted);

/// Errc::Malformed when name or id could not be a part of a path.
[[nodiscard]] Status check_names(const Wanted& wanted);

/// `store/name/id`.
[[nodiscard]] std::filesystem::path folder_in(const std::filesystem::path& store,
                                              const Wanted& wanted);

}  // namespace vigil::fetch
