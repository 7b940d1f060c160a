// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/guid.h"
#include "base/result.h"
#include "pdb/msf.h"

/// Stream 1: which file this is, and the numbers of the streams that have names.
namespace vigil::pdb {

struct Info {
  Guid guid{};
  std::uint32_t age = 0;
  std::uint32_t signature = 0;
  bool minimal = false;            ///< Linked with /DEBUG:FASTLINK.
  std::uint32_t names_stream = 0;  ///< Of `/names`; 0: there is none.
};

/// What is behind the GUID may be damaged; then there are no names.
[[nodiscard]] Result<Info> read_info(const Stream& stream);

/// The strings that other streams name by their offset: file names and frame programs.
class Names {
 public:
  Names() = default;
  [[nodiscard]] static Result<Names> open(const Stream& stream);
  /// Empty where there is none.
  [[nodiscard]] std::string at(std::uint32_t offset) const;

 private:
  Stream strings_;
};

}  // namespace vigil::pdb
