// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vigil {

/// When work that may take long has to end. Whoever does such work asks now and then, so asking has
/// to be cheap.
class Deadline {
 public:
  virtual ~Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  /// Once true, true for ever.
  [[nodiscard]] virtual bool has_passed() = 0;

 protected:
  Deadline() = default;
};

}  // namespace vigil
