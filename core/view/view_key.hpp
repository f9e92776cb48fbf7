#pragma once

#include <string>

#include "view/view.hpp"

namespace bowshot {

/// The canonical text of a view: dataset, version, kind, filter and order as they are bound, and
/// the computed columns that these use. Two plans with equal keys keep the same rows in the same
/// order, whatever their requests looked like.
std::string view_key(const Plan& plan, ViewKind kind);

}  // namespace bowshot
