#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph_text.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/overloaded.hpp>

#include <charconv>
#include <cstring>
#include <optional>

#include "node.hpp"

namespace croton::inline v1 {

namespace {

template <class T>
std::optional<T> parsed(std::string_view text, int base = 10)
{
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return value;
}

/// The number in "v12" where the letter is the one wanted and it is below `count`.
std::optional<std::size_t> number_of(std::string_view text, char letter, std::size_t count)
{
    if (text.empty() || text[0] != letter) return std::nullopt;
    const auto number = parsed<std::size_t>(text.substr(1));
    return number && *number < count ? number : std::nullopt;
}

/// What stands between commas.
std::vector<std::string_view> split(std::string_view text, char at)
{
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(at), text.size());
        parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::optional<DType> dtype_named(std::string_view text)
{
    for (const DTypeInfo& d : dtype_table)
        if (d.name == text && !is_complex(d.dtype)) return d.dtype;
    return std::nullopt;
}

} // namespace

// ---- words

void StoredLine::refuse(std::string_view why) const
{
    throw user_error(Code::domain, nullptr, "load", "{}: line {}: {}", file_, number_, why);
}

std::string_view StoredLine::word()
{
    if (at_end()) refuse("it ends too early");
    // A quoted part may hold spaces.
    std::size_t end = 0;
    for (bool inside = false; end < text_.size() && (inside || text_[end] != ' '); ++end)
        if (text_[end] == '"')
            inside = !inside;
        else if (text_[end] == '\\')
            ++end;
    end = std::min(end, text_.size());
    const std::string_view taken = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    return taken;
}

bool StoredLine::accept(std::string_view word)
{
    if (!text_.starts_with(word) || (text_.size() > word.size() && text_[word.size()] != ' '))
        return false;
    text_.remove_prefix(std::min(word.size() + 1, text_.size()));
    return true;
}

namespace {

std::string unquoted(std::string_view text, const StoredLine& line)
{
    if (text.size() < 2 || text.front() != '"' || text.back() != '"')
        line.refuse(fmt::format("a quoted text is expected, not '{}'", text));
    text = text.substr(1, text.size() - 2);
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            result += text[i];
            continue;
        }
        if (++i == text.size()) line.refuse("a text ends inside an escape");
        if (text[i] != 'x') {
            result += text[i];
            continue;
        }
        const auto code = parsed<unsigned>(text.substr(i + 1, 2), 16);
        if (!code) line.refuse("a text holds an unknown escape");
        result += static_cast<char>(*code);
        i += 2;
    }
    return result;
}

} // namespace

std::string StoredLine::quoted() { return unquoted(word(), *this); }

std::int64_t StoredLine::integer()
{
    const std::string_view text = word();
    const auto value = parsed<std::int64_t>(text);
    if (!value) refuse(fmt::format("a number is expected, not '{}'", text));
    return *value;
}

// ---- the graph

GraphReader::GraphReader(const NamedArrays& arrays,
                         std::span<const Op* const> ops,
                         std::span<const Shared> shared)
    : shared_(shared)
{
    for (const auto& [name, array] : arrays)
        arrays_.emplace(name, &array);
    for (const Op* op : all_ops())
        ops_.emplace(op->name, op);
    for (const Op* op : ops) {
        const auto [known, is_new] = ops_.emplace(op->name, op);
        if (!is_new && known->second != op)
            throw user_error(Code::domain, nullptr, "load",
                             "two ops are named '{}', and a file tells ops apart by their names",
                             op->name);
    }
}

bool GraphReader::take(std::string_view first, StoredLine& line)
{
    if (first == "atom")
        read_atom(line);
    else if (first == "place")
        read_place(line);
    else if (first == "scope")
        read_scope(line);
    else if (first == "region")
        read_region(line);
    else if (first == fmt::format("v{}", values_.size()))
        read_value(line);
    else
        return false;
    return true;
}

const Op& GraphReader::find_op(std::string_view name, StoredLine& line) const
{
    const auto at = ops_.find(name);
    if (at == ops_.end())
        line.refuse(
            fmt::format("op '{}' is not known here; if it is your own, give its record to load: "
                        "Function::load(path, {{.ops = {{&{}_op}}}})",
                        name, name));
    return *at->second;
}

const Array& GraphReader::find_array(std::string_view name, StoredLine& line) const
{
    const auto at = arrays_.find(name);
    if (at == arrays_.end()) line.refuse(fmt::format("array '{}' is missing", name));
    return *at->second;
}

Variable GraphReader::value_of(std::string_view text, StoredLine& line) const
{
    const std::size_t dot = std::min(text.find('.'), text.size());
    const auto number = number_of(text.substr(0, dot), 'v', values_.size());
    const auto output = dot == text.size() ? std::optional<std::size_t>(0)
                                           : parsed<std::size_t>(text.substr(dot + 1));
    if (!number || !output || *output >= values_[*number].size())
        line.refuse(fmt::format("'{}' is no value above it", text));
    return values_[*number][*output];
}

Variable GraphReader::reference(StoredLine& line) const { return value_of(line.word(), line); }

Variables GraphReader::references(StoredLine& line) const
{
    const std::string_view text = line.word();
    Variables list;
    if (text == "-") return list;
    for (std::string_view one : split(text, ','))
        list.push_back(value_of(one, line));
    return list;
}

const Location* GraphReader::place(StoredLine& line) const
{
    const std::string_view text = line.word();
    if (text == "-") return nullptr;
    const auto number = number_of(text, 'p', places_.size());
    if (!number) line.refuse(fmt::format("'{}' is no place above it", text));
    return places_[*number];
}

Extent GraphReader::extent(StoredLine& line) const { return extent_of(line.word(), line); }

Extent GraphReader::extent_of(std::string_view text, StoredLine& line) const
{
    Extent sum = 0;
    for (std::string_view term : split(text, '+')) {
        Extent product = 1;
        for (std::string_view factor : split(term, '*')) {
            const auto known = parsed<std::int64_t>(factor);
            const auto atom = number_of(factor, 'a', atoms_.size());
            if (!known && !atom) line.refuse(fmt::format("'{}' is no extent", text));
            product = product * (known ? Extent(*known) : atoms_[*atom]);
        }
        sum = sum + product;
    }
    if (text.empty()) line.refuse("an extent is missing");
    return sum;
}

Shape GraphReader::shape_of(std::string_view text, StoredLine& line) const
{
    if (!text.starts_with('(') || !text.ends_with(')'))
        line.refuse(fmt::format("'{}' is no shape", text));
    Shape shape;
    for (std::string_view e : split(text.substr(1, text.size() - 2), ','))
        shape.push_back(extent_of(e, line));
    return shape;
}

Type GraphReader::type_of(std::string_view text, StoredLine& line) const
{
    const std::size_t open = std::min(text.find('('), text.size());
    const auto dtype = dtype_named(text.substr(0, open));
    if (!dtype) line.refuse(fmt::format("'{}' is no type", text));
    const Shape shape = shape_of(text.substr(open), line);
    for (const Extent& e : shape)
        if (e.is_known() && e.value() < 0)
            line.refuse(fmt::format("'{}' has a negative extent", text));
    return Type(*dtype, shape);
}

void GraphReader::read_atom(StoredLine& line)
{
    (void)line.word();
    const std::string_view kind = line.word();
    if (kind == "symbol") {
        atoms_.push_back(dim(line.quoted()));
        return;
    }
    const Extent a = extent(line);
    const Extent b = extent(line);
    if (kind == "floor_div")
        atoms_.push_back(floor_div(a, b));
    else if (kind == "mod")
        atoms_.push_back(mod(a, b));
    else if (kind == "minimum")
        atoms_.push_back(minimum(a, b));
    else if (kind == "maximum")
        atoms_.push_back(maximum(a, b));
    else
        line.refuse(fmt::format("'{}' is no kind of extent", kind));
}

void GraphReader::read_place(StoredLine& line)
{
    (void)line.word();
    const std::string file = line.quoted();
    const auto number = static_cast<std::uint32_t>(line.integer());
    const std::string function = line.quoted();
    const std::string_view scope = line.word();
    const auto frame = number_of(scope, 's', scopes_.size());
    if (!frame && scope != "-") line.refuse(fmt::format("'{}' is no scope above it", scope));
    const Location* place =
        locate(file, number, function, frame ? scopes_[*frame] : nullptr, line.quoted());
    const bool of_gradient = line.accept("gradient");
    if (of_gradient && !*place->called) line.refuse("a gradient's place names no op");
    places_.push_back(of_gradient ? gradient_place(place, "") : place);
}

void GraphReader::read_scope(StoredLine& line)
{
    (void)line.word();
    const std::string name = line.quoted();
    const Location* opened = place(line);
    if (!opened) line.refuse("a scope was opened nowhere");
    scopes_.push_back(scope_frame(name, opened));
}

void GraphReader::read_region(StoredLine& line)
{
    (void)line.word();
    const Variables inputs = references(line);
    if (!line.accept("->")) line.refuse("'->' is expected");
    const Variables outputs = references(line);
    try {
        regions_.emplace_back(inputs, outputs);
    } catch (const InternalError&) {
        line.refuse("the region needs a value that is none of its inputs");
    }
}

namespace {

/// "f32(a0)" and the name in `f32(a0):"x"`.
std::pair<std::string_view, std::string> typed_name(std::string_view text, const StoredLine& line)
{
    const std::size_t colon = text.find(':');
    if (colon == text.npos) return {text, {}};
    return {text.substr(0, colon), unquoted(text.substr(colon + 1), line)};
}

Array array_of_bits(std::string_view digits, const Type& type, const StoredLine& line)
{
    std::vector<std::int64_t> shape;
    for (const Extent& e : type.shape()) {
        if (!e.is_known() || e.value() > 8) line.refuse("a constant has too many elements");
        shape.push_back(e.value());
    }
    if (shape.size() > 64) line.refuse("a constant has too many axes");
    std::int64_t count = 1;
    for (const std::int64_t e : shape)
        if ((count *= e) > 8) line.refuse("a constant has too many elements");
    Array a = Array::empty_of(type.dtype(), shape);
    if (digits.size() != 2 * a.size_bytes()) line.refuse("a constant has not all of its bits");
    for (std::size_t i = 0; i < a.size_bytes(); ++i) {
        const auto byte = parsed<std::uint8_t>(digits.substr(2 * i, 2), 16);
        if (!byte) line.refuse("a constant's bits are no hexadecimal digits");
        static_cast<std::uint8_t*>(a.data())[i] = *byte;
    }
    return a;
}

void check_array(const Array& array, const Type& type, const StoredLine& line)
{
    const Type have(array.dtype(), Shape(array.shape().begin(), array.shape().end()));
    if (have != type)
        line.refuse(fmt::format("its array is {}, not {}", to_string(have), to_string(type)));
}

} // namespace

void GraphReader::read_value(StoredLine& line)
{
    const std::string_view kind = line.word();
    if (kind == "apply")
        values_.push_back(read_apply(line).owner().outputs());
    else
        values_.push_back({read_leaf(kind, line)});
}

Variable GraphReader::read_leaf(std::string_view kind, StoredLine& line)
{
    const auto [type_text, name] = typed_name(line.word(), line);
    const Type type = type_of(type_text, line);
    const Location* where = place(line);
    if (kind == "input") return detail::make_leaf(Leaf::input, type, name, {}, where);
    const std::string_view data = line.word();
    Array value;
    if (data.starts_with('='))
        value = array_of_bits(data.substr(1), type, line);
    else
        value = find_array(data, line);
    check_array(value, type, line);
    if (kind == "constant") {
        const Variable v = constant(value, where, line.accept("weak"));
        return name.empty() ? v : v.named(name);
    }
    if (kind != "shared") line.refuse(fmt::format("'{}' is no kind of value", kind));
    shared_names_.emplace_back(name);
    for (const Shared& s : shared_)
        if (s.name() == name) {
            if (s.type() != type)
                line.refuse(fmt::format("shared '{}' is {}, the one given for it {}", name,
                                        to_string(type), to_string(s.type())));
            return s;
        }
    const OriginScope origin(where);
    return shared(name, value);
}

Variable GraphReader::read_apply(StoredLine& line)
{
    const Op& op = find_op(line.word(), line);
    const Variables inputs = references(line);
    if (op.arity != 0 && inputs.size() != op.arity)
        line.refuse(fmt::format("'{}' takes {}, here it has {}", op.name,
                                counted(op.arity, "operand"), inputs.size()));
    if (!line.accept("->")) line.refuse("'->' is expected");
    std::vector<Type> types;
    std::vector<std::string> names;
    const Location* where = nullptr;
    while (true) { // types, then a place
        StoredLine rest = line;
        const std::string_view word = rest.word();
        if (word == "-" || word.starts_with('p')) break;
        auto [type_text, name] = typed_name(line.word(), line);
        types.push_back(type_of(type_text, line));
        names.push_back(std::move(name));
    }
    where = place(line);
    if (types.empty() || (!op.types && types.size() != 1))
        line.refuse(fmt::format("'{}' has {}", op.name, counted(types.size(), "output")));
    const bool weak = line.accept("weak");
    Params params = read_params(op, line);
    const Variables outputs = rebuild(op, inputs, std::move(params), types, where, weak);
    for (std::size_t i = 0; i < outputs.size(); ++i)
        if (!names[i].empty()) (void)outputs[i].named(names[i]);
    return outputs[0];
}

Params GraphReader::read_params(const Op& op, StoredLine& line) const
{
    if (!op.params) {
        if (!line.at_end()) line.refuse(fmt::format("'{}' has no parameters", op.name));
        return {};
    }
    if (line.at_end()) return {};
    ParamsBase* fresh = op.params();
    Params params = Params::adopt(fresh);
    for (const FieldRef& f : fresh->fields()) {
        const std::string_view word = line.word();
        const std::size_t equals = std::min(word.find('='), word.size());
        if (word.substr(0, equals) != f.name || equals == word.size())
            line.refuse(fmt::format("'{}' is expected, a parameter of '{}', not '{}'", f.name,
                                    op.name, word));
        read_field(f.value, word.substr(equals + 1), line);
    }
    if (!line.at_end())
        line.refuse(fmt::format("'{}' has no parameter '{}'", op.name, line.word()));
    return params;
}

void GraphReader::read_field(const FieldPointer& field,
                             std::string_view text,
                             StoredLine& line) const
{
    const auto refuse = [&] { line.refuse(fmt::format("'{}' is no value of a parameter", text)); };
    const auto number = [&]<class T>(std::string_view digits, T& to) {
        const auto value = parsed<T>(digits);
        if (!value) refuse();
        to = *value;
    };
    const auto parts = [&] {
        if (!text.starts_with('(') || !text.ends_with(')')) refuse();
        return split(text.substr(1, text.size() - 2), ',');
    };
    const auto list = [&]<class T>(std::vector<T>* to) {
        for (std::string_view one : parts())
            number(one, to->emplace_back());
    };
    const auto region = [&](std::string_view name) {
        const auto at = number_of(name, 'r', regions_.size());
        if (!at) refuse();
        return regions_[*at];
    };
    std::visit(overloaded{
                   [&](bool* v) {
                       if (text != "true" && text != "false") refuse();
                       *v = text == "true";
                   },
                   [&](int* v) { number(text, *v); },
                   [&](std::int64_t* v) { number(text, *v); },
                   [&](double* v) {
                       const auto bits = parsed<std::uint64_t>(text, 16);
                       if (!bits) refuse();
                       std::memcpy(v, &*bits, sizeof *v);
                   },
                   [&](DType* v) {
                       const auto dtype = dtype_named(text);
                       if (!dtype) refuse();
                       *v = *dtype;
                   },
                   [&](Extent* v) { *v = extent_of(text, line); },
                   [&](std::string* v) { *v = unquoted(text, line); },
                   [&](std::vector<int>* v) { list(v); },
                   [&](std::vector<std::int64_t>* v) { list(v); },
                   [&](Shape* v) { *v = shape_of(text, line); },
                   [&](Array* v) {
                       if (text != "-") *v = find_array(text, line);
                   },
                   [&](Region* v) {
                       if (text != "-") *v = region(text);
                   },
                   [&](std::vector<Region>* v) {
                       for (std::string_view one : parts())
                           v->push_back(region(one));
                   },
               },
               field);
}

} // namespace croton::inline v1
