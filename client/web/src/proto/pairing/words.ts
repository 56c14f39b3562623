// SPDX-License-Identifier: Apache-2.0
/* Generated from proto/pairing/words.c by scripts/generate.mjs: change that, not this. */
export const WORDS = (
  'abacus abbey absent accent acid acorn acrobat actor adapt advice aerial afraid after again agenda agree alarm album ' +
  'alert alien almond alone alpine always amber amount amused anchor ancient angle animal annual answer antenna antique ' +
  'anvil appear apple april apron arcade archer arctic arena argue armour aroma around array arrive arrow artist aspect ' +
  'assist athlete atlas attic audio august author autumn avenue average avocado awake award awkward axle azalea azure ' +
  'baby backup bacon badge bagel bakery balance balcony ballet bamboo banana banjo banquet barber bargain barley barrel ' +
  'basket battery bazaar beach beaver because bedroom beehive beetle before begin behave believe benefit beret between ' +
  'beyond bicycle biology bird biscuit bison bistro blanket blazer blend blimp blossom blue boat bobbin bonfire bonsai ' +
  'bonus book boots borrow bottle bounce bowl bracket bramble branch brave breeze brick bridge bright bronze broom ' +
  'brother brush bubble bucket budget buffalo bugle build bulb bumper bundle burger butter buyer buzzer cabbage cabin ' +
  'cable cactus caddie cadet cake calcium camel campus canal candle canoe canvas canyon captain caramel carbon careful ' +
  'cargo carpet carrot cartoon carve cascade cashew castle casual catalog caution cedar ceiling celery cellar cement ' +
  'central cereal certain chair chalk chamber chance chapter charm chase check cheese cherry chess chicken chief child ' +
  'chimney choice choose chorus chrome cider cinema circle citizen citrus city civil claim clarify classic clean clever ' +
  'cliff climb clinic clock closet cloud cluster coach coast cobalt coconut coffee coin collect colour column comedy ' +
  'comfort common compass concert condor confirm connect contain cookie copper coral corner correct cosmic costume cotton ' +
  'counter couple course cousin cover cowboy coyote cradle craft crane crater crayon create credit cricket crimson crisp ' +
  'crowd cruise crystal cuckoo culture cupcake curious current cushion custom cycle cymbal dairy damage dancer daring ' +
  'daytime debate decade decent default degree delight delta denim depend depth deputy desert design detail detour device ' +
  'diesel dinner direct diver divide doctor dodge domino donkey double dough dozen dragon drama dream dress drift drill ' +
  'dryer dugout eager early earth easel editor effort eggcup eight either elbow elder elite embark emblem empire empty ' +
  'enable enamel energy engine enjoy enough enrich ensure enter entire entry equal equip errand escape essay estate evade ' +
  'event every evolve exact exceed excite exhale exist exotic expand expert extra fabric faint falcon family famous ' +
  'farmer father faucet favour feast fellow fence ferry fibre fiddle fidget field figure filter finger finish first flash ' +
  'fleet flight float flour fluent fluid flute focus force forest forget fossil frame fresh friend front frozen fruit ' +
  'funnel future gadget galaxy gambit garage garden garlic gauge gazebo gentle geyser ghost giant gimlet gizmo glass ' +
  'glide globe gnome goblet golden goose grain grand grape great green group guard guava guess guitar habit hamlet hammer ' +
  'happy hazel health heart heavy hedge helium hello helmet herald heron hinge hobby hockey hollow honest hornet horse ' +
  'hotel human humble humid hurdle hybrid hyphen ideal igloo image impact import income index indigo indoor inform inhale ' +
  'insect inside invent invite island ivory jacket jaguar jargon jelly jersey jetty jewel jigsaw jogger joyful judge ' +
  'juggle juice jumbo junior karate kayak keeper kennel kettle kimono kiosk kipper koala label ladder lagoon laptop large ' +
  'laser laugh laurel lawyer leader league learn legend lemon length lentil lesson letter level lilac limit limpet linen ' +
  'lintel liquid lizard llama local locker logic london lotus lounge lucky lumber lunar lunch lupin luxury lyric macaw ' +
  'magic magnet magpie major mammal mango manner mantle manual maple marble march margin marina market marmot maroon ' +
  'mascot mason master matrix meadow medium melody member memory merit merlin metal meteor method metric mighty mimic ' +
  'minnow minute mirror mitten mobile model module moment monday month morsel mosaic mother motion motor mouse movie ' +
  'muffin muscle museum music mutual napkin nation nature naval nearby nebula nectar needle nerve never nickel nimble ' +
  'noble noise noodle normal north notice nougat novel nozzle nugget nurse nutmeg oasis object ocean octave offer office ' +
  'often olive omelet onion online opera orange orbit order organ origin otter outfit oxygen oyster ozone paddle pagoda ' +
  'palace panda panel papaya paper parade parcel parent pastel patrol pause peace peanut pearl pencil peony people pepper ' +
  'permit person phone photo phrase piano pickle picnic pillow pilot pirate pitch pizza planet plate plaza plenty pocket ' +
  'podium poetry point polite polka pollen poppy porch portal potato pound powder praise prawn pretty price prism proof ' +
  'proud public pulley pulse puppet purple puzzle quail quake quarry queen quench quest queue quick quiet quill quiver ' +
  'quote rabbit radar radio raisin random rapid raven ravine razor ready reason recipe record reduce regard region relax ' +
  'relish remain remedy remind remote repair repeat reply report rescue result retire return review rhino rhythm ribbon ' +
  'rinse ripple rivet robin robot rodent rotate royal rubber rudder rugby ruler runner rural rustic safari safety sailor ' +
  'salad salmon salute sample sandal saturn saucer scale scarf scenic school score scout screen script sculpt second ' +
  'secret select senior sense seven shadow share sheep shelf shield shine shirt shovel shrimp shrub signal silly silver ' +
  'single sister sitar skate sketch skill slalom sleeve slice slogan slope sloth small smart smile smoke smooth snack ' +
  'snail snake sneeze snooze soccer social solar solid sonata sonnet sorbet south space spark speak speech spell spend ' +
  'sphinx spider spike spiral splash sponge spoon sport spray spring spruce square squid stable staff stage stamp stand ' +
  'statue steam stereo stick stone stool story straw street strong studio sturdy style subway sugar summer sunny sunset ' +
  'superb supper sweet swift swing sword syrup system tabby tablet talent target tarmac taste teapot teddy tempo tennis ' +
  'thank theory thick thing third thorn thread throne thumb ticket tiger timber tinsel tissue title today toilet tomato ' +
  'tongue tooth topaz topic total totem toucan towel trace trail travel treaty trend tribe truck trust truth tulip tundra ' +
  'turkey turnip turtle tutor tuxedo twelve twenty twine twist ultra uncle under unique until update upward urban urchin ' +
  'urgent useful usher usual vacant vacuum valet valid valley value vapour vector velvet venus verse vessel vicar video ' +
  'vigour violet visit vital vivid voice volume vortex voyage waffle wagon waist waiter walnut walrus waltz wander watch ' +
  'weigh whale wheat wheel white width window winter wisdom wombat wooden woolly worker world worthy wreath yacht yogurt ' +
  'yonder young zebra zenith zephyr zigzag zodiac'
).split(' ');
