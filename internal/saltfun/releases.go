package saltfun

// releases maps Salt's code names to their versions.
var releases = makeReleases()

func makeReleases() map[string][]int {
	out := map[string][]int{
		"hydrogen":  {2014, 1},
		"helium":    {2014, 7},
		"lithium":   {2015, 5},
		"beryllium": {2015, 8},
		"boron":     {2016, 3},
		"carbon":    {2016, 11},
		"nitrogen":  {2017, 7},
		"oxygen":    {2018, 3},
		"fluorine":  {2019, 2},
	}
	for i, name := range []string{
		"neon", "sodium", "magnesium", "aluminium", "silicon", "phosphorus", "sulfur", "chlorine", "argon",
		"potassium", "calcium", "scandium", "titanium", "vanadium", "chromium", "manganese", "iron", "cobalt",
		"nickel", "copper", "zinc", "gallium", "germanium", "arsenic", "selenium", "bromine", "krypton", "rubidium",
		"strontium", "yttrium", "zirconium", "niobium", "molybdenum", "technetium", "ruthenium", "rhodium",
		"palladium", "silver", "cadmium", "indium", "tin", "antimony", "tellurium", "iodine", "xenon", "cesium",
		"barium", "lanthanum", "cerium", "praseodymium", "neodymium", "promethium", "samarium", "europium",
		"gadolinium", "terbium", "dysprosium", "holmium", "erbium", "thulium", "ytterbium", "lutetium", "hafnium",
		"tantalum", "tungsten", "rhenium", "osmium", "iridium", "platinum", "gold", "mercury", "thallium",
		"lead", "bismuth", "polonium", "astatine", "radon", "francium", "radium", "actinium", "thorium", "protactinium",
		"uranium", "neptunium", "plutonium", "americium", "curium", "berkelium", "californium", "einsteinium",
		"fermium", "mendelevium", "nobelium", "lawrencium", "rutherfordium", "dubnium", "seaborgium", "bohrium",
		"hassium", "meitnerium", "darmstadtium", "roentgenium", "copernicium", "nihonium", "flerovium", "moscovium",
		"livermorium", "tennessine", "oganesson",
	} {
		out[name] = []int{3000 + i}
	}
	return out
}
