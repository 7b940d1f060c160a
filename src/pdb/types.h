// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "pdb/format.h"
#include "pdb/msf.h"

/// The streams of types and of ids: records found by their index, and types by their name.
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

  /// The definition of the class, structure, interface or union that is filed under \p name: its
  /// own, or the unique one of what is defined in a function. By the file's table of names; where
  /// that is not there or damaged, all records are read once instead, and \p diagnostics says so.
  [[nodiscard]] std::optional<std::uint32_t> find_definition(std::string_view name,
                                                             Diagnostics& diagnostics);

 private:
  struct Lookup {
    std::optional<std::uint32_t> found;
    bool damaged = false;
  };
  struct Scanned {
    std::uint32_t hash = 0;
    std::uint32_t index = 0;
    friend auto operator<=>(const Scanned&, const Scanned&) = default;
  };
  [[nodiscard]] format::IndexOffset skip_point(std::uint32_t index);
  void index_records();
  void set_names(const format::TypesHeader& header, const Stream& hash);
  [[nodiscard]] Lookup look_up(std::string_view name);
  [[nodiscard]] bool is_definition(std::uint32_t index, std::string_view name, bool& other_bucket);
  [[nodiscard]] bool may_look_at_one_more(std::uint32_t& candidates);
  void scan(Diagnostics& diagnostics);
  [[nodiscard]] std::optional<std::uint32_t> find_scanned(std::string_view name);

  Stream records_;
  Stream hash_values_;  // of each record the bucket that it is filed in
  std::uint32_t buckets_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> known_;  // what was found so far
  std::uint32_t candidates_left_ = 1 << 16;  // for all names: a file may have all by one hash
  bool is_scanned_ = false;
  std::vector<Scanned> scanned_;  // definitions, by the hash of their names
  Stream index_offsets_;          // in the hash stream, sorted: every few kilobytes a record
  std::uint32_t first_ = 0;
  std::uint32_t end_ = 0;
  bool indexed_ = false;
  std::vector<format::IndexOffset> own_index_offsets_;  // where the file has none
};

/// The qualified name of the inlined function \p id: `ns::f`, `ns::Class::method`. Empty where the
/// id is damaged.
[[nodiscard]] std::string inlinee_name(Types& ids, Types& types, std::uint32_t id);

}  // namespace vigil::pdb
