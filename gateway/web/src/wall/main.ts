import { createApp } from 'vue'
import '@/kit/tokens.css'
import '@/kit/kit.css'
import './wall.css'
import Wall from './Wall.vue'

createApp(Wall).mount('#face')
