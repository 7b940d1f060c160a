// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pdb/format.h"
#include "pdb/msf.h"

/// The streams of types and of ids: records found by their index.
namespace vigil::pdb {

class Types {
 public:
  Types() = default;  ///< None.
  /// \p stream is one of \p msf.
  [[nodiscard]] static Result<Types> open(const Msf& msf, const Stream& stream);

  struct Record {
    format::Leaf kind{};
    ByteView body;  ///< Lives as long as the scratch.
  };
  [[nodiscard]] std::optional<Record> find(std::uint32_t index, Scratch& scratch);

 private:
  [[nodiscard]] format::IndexOffset skip_point(std::uint32_t index);
  void index_records();

  Stream records_;
  Stream index_offsets_;  // in the hash stream, sorted: every few kilobytes a record
  std::uint32_t first_ = 0;
  std::uint32_t end_ = 0;
  bool indexed_ = false;
  std::vector<format::IndexOffset> own_index_offsets_;  // where the file has none
};

/// The qualified name of the inlined function \p id: `ns::f`, `ns::Class::method`. Empty where the
/// id is damaged.
[[nodiscard]] std::string inlinee_name(Types& ids, Types& types, std::uint32_t id);

}  // namespace vigil::pdb
